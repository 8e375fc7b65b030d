#include "network/mlp_engine.h"

#include <algorithm>
#include <utility>

#include "network/mlp_layers.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// @returns nothing where the plan has no such tensor.
Tensor tensor_of(const Network& network, const std::string& name) {
  for (const auto& item : network.tensors()) {
    if (item.name == name) return item.tensor;
  }
  return {};
}

bool all_contiguous(const Network& network) {
  const auto& tensors = network.tensors();
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const NamedTensor& item) { return item.tensor.is_contiguous(); });
}

bool all_learn(const Network& network) {
  const auto& layers = network.plan().layers;
  const auto& tensors = network.tensors();
  return std::all_of(
             layers.begin(), layers.end(),
             [](const model::LayerPlan& plan) { return plan.layer.trainable || plan.tensors.empty(); }) &&
         std::all_of(tensors.begin(), tensors.end(), [](const NamedTensor& item) {
           return !item.trainable || (item.tensor.grad().defined() && item.tensor.grad().is_contiguous());
         });
}

}  // namespace

MlpEngine::MlpEngine(const Network& network) {
  const auto& plan = network.plan();
  widest_ = model::element_count(plan.input);
  for (const model::LayerPlan& layer : plan.layers)
    widest_ = std::max(widest_, model::element_count(layer.output));
}

MlpEngine::~MlpEngine() = default;

std::unique_ptr<MlpEngine> MlpEngine::make(const Network& network) {
  const bool known = network.device().is_cpu() && network.dtype() == torch::kFloat32;
  if (!known || !all_contiguous(network)) return nullptr;
  std::unique_ptr<MlpEngine> stack(new MlpEngine(network));
  auto& layers = stack->layers_;
  for (const model::LayerPlan& plan : network.plan().layers) {
    const FindTensor tensor = [&](const std::string& role) {
      return tensor_of(network, plan.layer.name + "." + role);
    };
    if (!add_mlp_layers(plan, tensor, network.variance(), layers)) return nullptr;
  }
  const auto first = std::find_if(layers.begin(), layers.end(), [](const auto& l) { return l->learns(); });
  if (first == layers.end()) return nullptr;
  stack->first_learning_ = static_cast<std::size_t>(first - layers.begin());
  stack->trains_ = all_learn(network);
  return stack;
}

void MlpEngine::reserve(std::int64_t images) {
  if (images <= room_) return;
  for (const auto& layer : layers_) layer->reserve(images);
  gradients_ = torch::empty({2, images, widest_}, torch::kFloat32);
  room_ = images;
}

bool MlpEngine::is_parallel(std::int64_t images) const {
  return std::any_of(layers_.begin(), layers_.end(),
                     [images](const auto& layer) { return layer->is_parallel(images); });
}

const float* MlpEngine::forward(const float* x, std::int64_t images, const ForwardContext& context) {
  const torch::NoGradGuard no_grad;
  reserve(images);
  images_ = images;
  for (const auto& layer : layers_) {
    layer->forward(x, images, context);
    x = layer->output();
  }
  return x;
}

float* MlpEngine::logit_gradient() {
  return static_cast<float*>(gradients_.data_ptr());
}

void MlpEngine::backward(const float* x) {
  const torch::NoGradGuard no_grad;
  float* dy = logit_gradient();
  float* dx = dy + room_ * widest_;
  for (std::size_t i = layers_.size(); i-- > first_learning_;) {
    const float* input = i == 0 ? x : layers_[i - 1]->output();
    layers_[i]->backward(input, dy, i == first_learning_ ? nullptr : dx, images_);
    std::swap(dx, dy);
  }
}

}  // namespace svhn::network
