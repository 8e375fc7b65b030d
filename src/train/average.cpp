#include "train/average.h"

namespace svhn::train {
namespace {

using Tensors = std::vector<torch::Tensor>;

/// Puts a network's own tensors back, whatever happened.
class Restore {
 public:
  explicit Restore(const std::vector<network::NamedTensor>& tensors) : tensors_(tensors) {
    for (const auto& item : tensors) raw_.push_back(item.tensor.detach().clone());
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  ~Restore() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < raw_.size(); ++i) tensors_[i].tensor.detach().copy_(raw_[i]);
  }

 private:
  const std::vector<network::NamedTensor>& tensors_;
  Tensors raw_;
};

}  // namespace

WeightAverage::WeightAverage(const network::Network& network, std::optional<double> decay)
    : network_(network), decay_(decay.value_or(0.0)) {
  if (!decay) return;
  for (const auto& item : network.tensors()) {
    average_.push_back({"average." + item.name, item.tensor.detach().clone(), false});
  }
}

void WeightAverage::update() {
  const torch::NoGradGuard no_grad;
  const auto& tensors = network_.tensors();
  for (std::size_t i = 0; i < average_.size(); ++i) {
    average_[i].tensor.lerp_(tensors[i].tensor.detach(), 1.0 - decay_);
  }
}

void WeightAverage::use(const std::function<void()>& body) const {
  if (average_.empty()) return body();
  const torch::NoGradGuard no_grad;
  const auto& tensors = network_.tensors();
  const Restore restore(tensors);
  for (std::size_t i = 0; i < average_.size(); ++i) {
    tensors[i].tensor.detach().copy_(average_[i].tensor);
  }
  body();
}

}  // namespace svhn::train
