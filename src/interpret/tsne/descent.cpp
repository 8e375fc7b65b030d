#include "interpret/tsne/descent.h"

#include <ATen/ATen.h>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

constexpr float kGrowth = 0.2F;
constexpr float kShrinkage = 0.8F;
constexpr float kLeastGain = 0.01F;

struct Values {
  float *gradient, *update, *gain, *place;
};

SVHN_VECTOR_CLONES
void step_values(const Values& values, std::int64_t count, float momentum, float learning_rate) {
  float *gradients = values.gradient, *updates = values.update, *gains = values.gain, *places = values.place;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const float gain = updates[i] * gradients[i] < 0.0F ? gains[i] + kGrowth : gains[i] * kShrinkage;
    gains[i] = gain > kLeastGain ? gain : kLeastGain;
    gradients[i] *= gains[i];
    updates[i] = updates[i] * momentum - gradients[i] * learning_rate;
    places[i] += updates[i];
  }
}

}  // namespace

void DescentRule::step(torch::Tensor& gradient, torch::Tensor& update, torch::Tensor& gains,
                       torch::Tensor& map, bool by_tensors) const {
  if (!by_tensors && map.device().is_cpu()) {
    step_values(
        {data_of<float>(gradient), data_of<float>(update), data_of<float>(gains), data_of<float>(map)},
        map.numel(), static_cast<float>(momentum), static_cast<float>(learning_rate));
    return;
  }
  const torch::Tensor turned = at::mul(update, gradient) < 0;
  gains = at::where(turned, gains + kGrowth, gains * kShrinkage).clamp_min_(kLeastGain);
  gradient.mul_(gains);
  update.mul_(momentum).sub_(gradient, learning_rate);
  map.add_(update);
}

}  // namespace svhn::interpret
