#include "network/fused.h"

#include <optional>

#include "core/random.h"
#include "kernels/norm_block.h"
#include "network/operations.h"

namespace svhn::network {
namespace {

using kernels::BlockActivation;
using torch::Tensor;

/// The planned layers of one block.
struct BlockLayers {
  const model::LayerPlan* source = nullptr;  ///< The convolution or dense layer.
  const model::LayerPlan* norm = nullptr;
  const model::LayerPlan* dropout = nullptr;
  bool pool = false;
  std::size_t count = 0;
};

template <class Spec>
const Spec* as(const model::LayerPlan* layer) {
  return layer == nullptr ? nullptr : std::get_if<Spec>(&layer->layer.kind);
}

bool halves(const model::LayerPlan* layer) {
  const auto* pool = as<model::MaxPool2dSpec>(layer);
  return pool != nullptr && pool->size == 2 && (pool->stride == 0 || pool->stride == 2) &&
         pool->padding == model::Padding::valid && layer->input[1] % 2 == 0 && layer->input[2] % 2 == 0;
}

/// @returns the longest block that starts at layer `first`; an empty one if there is none.
BlockLayers block_at(const model::NetworkPlan& plan, std::size_t first) {
  BlockLayers block;
  const auto next = [&] {
    const std::size_t at = first + block.count;
    return at < plan.layers.size() ? &plan.layers[at] : nullptr;
  };
  if (as<model::Conv2dSpec>(next()) == nullptr && as<model::DenseSpec>(next()) == nullptr) return block;
  const auto take = [&] {
    ++block.count;
    return &plan.layers[first + block.count - 1];
  };
  block.source = take();
  if (as<model::BatchNormSpec>(next()) != nullptr) block.norm = take();
  if (halves(next())) block.pool = take() != nullptr;
  if (as<model::DropoutSpec>(next()) != nullptr) block.dropout = take();
  return block;
}

class FusedBlock : public FusedLayers {
 public:
  FusedBlock(const BlockLayers& block, const FindTensor& tensor, BatchNormVariance variance)
      : count_(block.count),
        pool_(block.pool),
        frozen_(block.norm != nullptr && !block.norm->layer.trainable) {
    read_source(block, tensor);
    if (const auto* spec = as<model::BatchNormSpec>(block.norm)) {
      const auto own = [&](const char* role) { return tensor(block.norm->layer.name + "." + role); };
      const bool biased = variance == BatchNormVariance::keras && block.norm->input.size() == 1;
      norm_ =
          BatchNormState{own("weight"),  own("bias"), own("running_mean"), own("running_var"), spec->epsilon,
                         spec->momentum, biased};
    }
    if (const auto* spec = as<model::DropoutSpec>(block.dropout)) {
      rate_ = spec->rate;
      stream_ = core::stream_id("dropout:" + block.dropout->layer.name);
    }
  }

  [[nodiscard]] std::size_t count() const override { return count_; }

  [[nodiscard]] bool supports(const Tensor& x, const ForwardContext& context) const override {
    const bool known = x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16;
    if (!x.device().is_cpu() || !known || x.numel() == 0) return false;
    // Inference is fused only without gradients, training only with a batch norm that is not frozen.
    if (!context.training) return !at::GradMode::is_enabled();
    return norm_.has_value() && !frozen_;
  }

  [[nodiscard]] Tensor forward(const Tensor& x, const ForwardContext& context) const override {
    Tensor y = window_ ? convolve(x, weight_, bias_, *window_)
                       : at::linear(x, in_dtype_of(weight_, x), in_dtype_of(bias_, x));
    const auto own = block_activation(activation_);
    if (!own) y = activate(y, activation_);
    const BlockActivation activation = own.value_or(BlockActivation::linear);
    return context.training ? train(y, activation, context) : infer(y, activation);
  }

 private:
  void read_source(const BlockLayers& block, const FindTensor& tensor) {
    const auto own = [&](const char* role) { return tensor(block.source->layer.name + "." + role); };
    weight_ = own("weight");
    if (const auto* conv = as<model::Conv2dSpec>(block.source)) {
      window_ = window_of(conv->kernel, conv->stride, conv->padding);
      activation_ = conv->activation;
      if (conv->use_bias) bias_ = own("bias");
    } else if (const auto* dense = as<model::DenseSpec>(block.source)) {
      activation_ = dense->activation;
      if (dense->use_bias) bias_ = own("bias");
    }
  }

  [[nodiscard]] Tensor train(const Tensor& y, BlockActivation activation,
                             const ForwardContext& context) const {
    kernels::BatchStatistics statistics;
    const kernels::NormBlock block{activation,
                                   norm_->weight,
                                   norm_->bias,
                                   norm_->epsilon,
                                   pool_,
                                   rate_,
                                   {context.seed, stream_, context.step, context.first_row},
                                   context.group,
                                   norm_->mean};
    const Tensor z = kernels::norm_block(y, block, statistics);
    update_running_statistics(*norm_, statistics.mean, statistics.variance, statistics.count);
    return z;
  }

  [[nodiscard]] Tensor infer(const Tensor& y, BlockActivation activation) const {
    Tensor scale, offset;
    if (norm_) {
      scale = norm_->weight * (norm_->variance + norm_->epsilon).rsqrt();
      offset = norm_->bias - norm_->mean * scale;
    }
    return kernels::affine_epilogue(y, activation, scale, offset, pool_);
  }

  std::size_t count_;
  bool pool_;
  bool frozen_;
  std::optional<model::Window> window_;  ///< Unset: a dense layer.
  model::Activation activation_ = model::Activation::linear;
  Tensor weight_;
  Tensor bias_;
  std::optional<BatchNormState> norm_;
  double rate_ = 0.0;
  std::uint64_t stream_ = 0;
};

}  // namespace

std::vector<std::unique_ptr<FusedLayers>> fuse_layers(const model::NetworkPlan& plan,
                                                      const FindTensor& tensor, BatchNormVariance variance) {
  std::vector<std::unique_ptr<FusedLayers>> fused(plan.layers.size());
  for (std::size_t i = 0; i < plan.layers.size();) {
    const BlockLayers block = block_at(plan, i);
    if (block.count > 0) fused[i] = std::make_unique<FusedBlock>(block, tensor, variance);
    i += std::max<std::size_t>(block.count, 1);
  }
  return fused;
}

}  // namespace svhn::network
