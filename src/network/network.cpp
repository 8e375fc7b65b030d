#include "network/network.h"

#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "network/fused.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// @returns the limit of Glorot's uniform distribution for [out,in] or [out,in,kh,kw].
double glorot_limit(const std::vector<std::int64_t>& shape) {
  std::int64_t window = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) window *= shape[i];
  return std::sqrt(6.0 / static_cast<double>((shape[0] + shape[1]) * window));
}

Tensor glorot_uniform(const model::TensorPlan& plan, std::uint64_t seed) {
  const double limit = glorot_limit(plan.shape);
  Tensor tensor = torch::empty(plan.shape, torch::kFloat64);
  auto* values = static_cast<double*>(tensor.data_ptr());
  core::CounterRandom random(seed, core::stream_id("initialize:" + plan.name));
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = random.uniform(-limit, limit);
  return tensor;
}

Tensor initial_values(const model::TensorPlan& plan, std::uint64_t seed) {
  switch (plan.role) {
    case model::TensorRole::kernel:
      return glorot_uniform(plan, seed);
    case model::TensorRole::gamma:
    case model::TensorRole::running_var:
      return torch::ones(plan.shape, torch::kFloat64);
    case model::TensorRole::bias:
    case model::TensorRole::beta:
    case model::TensorRole::running_mean:
      break;
  }
  return torch::zeros(plan.shape, torch::kFloat64);
}

Tensor to_precision(const Tensor& input, kernels::Precision precision) {
  return precision == kernels::Precision::bfloat16 ? input.to(torch::kBFloat16) : input;
}

}  // namespace

Network::Network(model::NetworkPlan plan, std::uint64_t seed, BatchNormVariance variance,
                 torch::ScalarType dtype)
    : plan_(std::move(plan)), variance_(variance) {
  make_tensors(seed, dtype);
  for (const model::LayerPlan& layer : plan_.layers) {
    const FindTensor tensor = [&](const std::string& role) { return find(layer.layer.name + "." + role); };
    layers_.push_back(make_layer(layer, tensor, variance));
  }
  fused_ = fuse_layers(
      plan_, [this](const std::string& name) { return find(name); }, variance);
}

Network::Network(Network&&) noexcept = default;

Network::~Network() = default;

void Network::make_tensors(std::uint64_t seed, torch::ScalarType dtype) {
  for (const model::LayerPlan& layer : plan_.layers) {
    for (const model::TensorPlan& plan : layer.tensors) {
      Tensor tensor = initial_values(plan, seed).to(dtype);
      tensor.set_requires_grad(plan.trainable);
      tensors_.push_back({plan.name, tensor, plan.trainable, plan.l1, plan.l2});
    }
  }
}

Tensor Network::find(const std::string& name) const {
  for (const auto& item : tensors_) {
    if (item.name == name) return item.tensor;
  }
  throw core::Error(core::ExitCode::bug, "the plan has no tensor '" + name + "'");
}

std::vector<std::string> Network::fold_backbones() {
  std::vector<std::string> folded;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (const std::string& name : layers_[i]->fold()) {
      folded.push_back(plan_.layers[i].layer.name + "." + name);
    }
  }
  return folded;
}

void Network::to(const torch::Device& device) {
  device_ = device;
  for (auto& item : tensors_) item.tensor.set_data(item.tensor.detach().to(device));
}

Tensor Network::forward(const Tensor& input, const ForwardContext& context) {
  return forward_visiting(input, context, {});
}

Tensor Network::forward_visiting(const Tensor& input, const ForwardContext& context, const Visit& visit) {
  Tensor x = to_precision(input, context.precision);
  const std::size_t end =
      context.until ? context.until->layer + (context.until->node > 0 ? 1 : 0) : layers_.size();
  ForwardContext own = context;  // With cut points relative to the layer.
  for (std::size_t i = context.first.layer; i < end; ++i) {
    own.first.node = i == context.first.layer ? context.first.node : 0;
    own.until = context.until && i == context.until->layer ? context.until : std::nullopt;
    const FusedLayers* fused = visit ? nullptr : fused_[i].get();
    if (fused != nullptr && i + fused->count() <= end && fused->supports(x, context)) {
      x = fused->forward(x, context);
      i += fused->count() - 1;
      continue;
    }
    x = layers_[i]->forward(x, own);
    if (visit) visit(i, x);
  }
  return x.to(input.scalar_type());
}

}  // namespace svhn::network
