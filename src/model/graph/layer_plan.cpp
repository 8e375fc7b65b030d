#include "model/graph/layer_plan.h"

#include <functional>
#include <numeric>

namespace svhn::model {

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t parameter_count(const LayerPlan& layer) {
  std::int64_t total = 0;
  for (const TensorPlan& tensor : layer.tensors) total += element_count(tensor.shape);
  return total;
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text.append(i == 0 ? "" : ",").append(std::to_string(shape[i]));
  return text + "]";
}

bool fits_bound(const Shape& shape, std::int64_t bound) {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    if (size < 1 || size > bound / product) return false;
    product *= size;
  }
  return true;
}

}  // namespace svhn::model
