#include "train/loss.h"

#include "metric/label_smoothing.h"

namespace svhn::train {

using torch::Tensor;

Tensor smooth_targets(const Tensor& labels, std::int64_t classes, double smoothing, torch::ScalarType dtype) {
  const auto filled = [&](auto target) {
    return at::full({labels.size(0), classes}, target.other, labels.options().dtype(dtype))
        .scatter_(1, labels.unsqueeze(1), target.label);
  };
  if (dtype == torch::kFloat64) return filled(metric::SmoothedTarget<double>(smoothing, classes));
  return filled(metric::SmoothedTarget<float>(smoothing, classes));
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& class_weights) {
  Tensor terms = (targets * at::log_softmax(logits, 1)).sum(1);
  // As in Keras, the class weight is the label's, also for a smoothed target.
  if (class_weights.defined()) terms = terms * class_weights.index_select(0, targets.argmax(1));
  return -terms.sum() / logits.size(0);
}

Tensor weight_penalty(const std::vector<network::NamedTensor>& tensors) {
  Tensor penalty;
  const auto add = [&penalty](const Tensor& term) { penalty = penalty.defined() ? penalty + term : term; };
  for (const auto& item : tensors) {
    if (item.l1 > 0) add(item.tensor.abs().sum() * item.l1);
    if (item.l2 > 0) add(item.tensor.square().sum() * item.l2);
  }
  return penalty;
}

}  // namespace svhn::train
