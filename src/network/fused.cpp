#include "network/fused.h"

#include <optional>

#include "core/random.h"
#include "kernels/norm_block.h"
#include "network/operations.h"

namespace svhn::network {
namespace {

using kernels::BlockActivation;
using torch::Tensor;

/// The layers of one block, as the plan describes them.
struct Parts {
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

/// @returns the longest block that starts at layer `first`; an empty one where none does.
Parts parts_at(const model::NetworkPlan& plan, std::size_t first) {
  Parts parts;
  const auto next = [&] {
    const std::size_t at = first + parts.count;
    return at < plan.layers.size() ? &plan.layers[at] : nullptr;
  };
  if (as<model::Conv2dSpec>(next()) == nullptr && as<model::DenseSpec>(next()) == nullptr) return parts;
  const auto take = [&] {
    ++parts.count;
    return &plan.layers[first + parts.count - 1];
  };
  parts.source = take();
  if (as<model::BatchNormSpec>(next()) != nullptr) parts.norm = take();
  if (halves(next())) parts.pool = take() != nullptr;
  if (as<model::DropoutSpec>(next()) != nullptr) parts.dropout = take();
  return parts;
}

class Block : public FusedLayers {
 public:
  Block(const Parts& parts, const FindTensor& tensor, BatchNormVariance variance)
      : count_(parts.count),
        pool_(parts.pool),
        frozen_(parts.norm != nullptr && !parts.norm->layer.trainable) {
    read_source(parts, tensor);
    if (const auto* spec = as<model::BatchNormSpec>(parts.norm)) {
      const auto own = [&](const char* role) { return tensor(parts.norm->layer.name + "." + role); };
      const bool biased = variance == BatchNormVariance::keras && parts.norm->input.size() == 1;
      norm_ = Norm{own("weight"),  own("bias"), own("running_mean"), own("running_var"), spec->epsilon,
                   spec->momentum, biased};
    }
    if (const auto* spec = as<model::DropoutSpec>(parts.dropout)) {
      rate_ = spec->rate;
      stream_ = core::stream_id("dropout:" + parts.dropout->layer.name);
    }
  }

  [[nodiscard]] std::size_t count() const override { return count_; }

  [[nodiscard]] bool takes(const Tensor& x, const ForwardContext& context) const override {
    const bool known = x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16;
    if (!x.device().is_cpu() || !known || x.numel() == 0) return false;
    // Without gradients the batch norm is a line; with them it is one whose line depends on the batch.
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
  void read_source(const Parts& parts, const FindTensor& tensor) {
    const auto own = [&](const char* role) { return tensor(parts.source->layer.name + "." + role); };
    weight_ = own("weight");
    if (const auto* conv = as<model::Conv2dSpec>(parts.source)) {
      window_ = window_of(conv->kernel, conv->stride, conv->padding);
      activation_ = conv->activation;
      if (conv->use_bias) bias_ = own("bias");
    } else if (const auto* dense = as<model::DenseSpec>(parts.source)) {
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
    move_statistics(*norm_, statistics.mean, statistics.variance, statistics.count);
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
  std::optional<Norm> norm_;
  double rate_ = 0.0;
  std::uint64_t stream_ = 0;
};

}  // namespace

std::vector<std::unique_ptr<FusedLayers>> fuse_layers(const model::NetworkPlan& plan,
                                                      const FindTensor& tensor, BatchNormVariance variance) {
  std::vector<std::unique_ptr<FusedLayers>> fused(plan.layers.size());
  for (std::size_t i = 0; i < plan.layers.size();) {
    const Parts parts = parts_at(plan, i);
    if (parts.count > 0) fused[i] = std::make_unique<Block>(parts, tensor, variance);
    i += std::max<std::size_t>(parts.count, 1);
  }
  return fused;
}

}  // namespace svhn::network
