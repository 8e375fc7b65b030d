#include "core/vector_clones.h"
#include "data/preprocess.h"

namespace svhn::data {

SVHN_VECTOR_CLONES
void PreprocessPlan::apply_grey(std::span<const std::uint8_t> hwc, std::span<float> grey,
                                const GreyLine& line) {
  const auto [red, green, blue] = line.weights;
  const double shift = line.shift;
  const std::uint8_t* __restrict in = hwc.data();
  float* __restrict out = grey.data();
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const double r = in[3 * i], g = in[3 * i + 1], b = in[3 * i + 2];
    out[i] = static_cast<float>(r * red + g * green + b * blue + shift);
  }
}

}  // namespace svhn::data
