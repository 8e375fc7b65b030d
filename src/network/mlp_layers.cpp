#include "network/mlp_layers.h"

#include <algorithm>
#include <variant>

#include "core/random.h"
#include "kernels/dense_products.h"
#include "kernels/dense_steps.h"
#include "kernels/dropout.h"
#include "network/operations.h"

namespace svhn::network {
namespace {

using kernels::BlockActivation;
using torch::Tensor;
using Layers = std::vector<std::unique_ptr<MlpLayer>>;

float* numbers(const Tensor& tensor) {
  return static_cast<float*>(tensor.data_ptr());
}

/// @returns the memory of a parameter's gradient.
float* gradient_of(const Tensor& tensor) {
  return tensor.defined() ? numbers(tensor.grad()) : nullptr;
}

class MlpLinear : public MlpLayer {
 public:
  MlpLinear(std::int64_t inputs, const model::DenseSpec& spec, const FindTensor& tensor)
      : MlpLayer(spec.units),
        inputs_(inputs),
        weight_(tensor("weight")),
        bias_(spec.use_bias ? tensor("bias") : Tensor()) {}

  void forward(const float* x, std::int64_t images, const ForwardContext&) override {
    const float* bias = bias_.defined() ? numbers(bias_) : nullptr;
    kernels::dense_forward(x, numbers(weight_), bias, output(), sizes(images));
  }

  void backward(const float* x, float* dy, float* dx, std::int64_t images) override {
    if (bias_.defined()) kernels::sum_columns(dy, gradient_of(bias_), {images, width()});
    kernels::dense_weight_gradient(dy, x, gradient_of(weight_), sizes(images));
    if (dx != nullptr) kernels::dense_input_gradient(dy, numbers(weight_), dx, sizes(images));
  }

  [[nodiscard]] bool learns() const override { return true; }
  [[nodiscard]] bool is_parallel(std::int64_t images) const override {
    return kernels::dense_is_parallel(sizes(images));
  }

 private:
  [[nodiscard]] kernels::DenseSizes sizes(std::int64_t images) const { return {images, inputs_, width()}; }

  std::int64_t inputs_;
  Tensor weight_;
  Tensor bias_;
};

/// Those whose slope is known from what they give.
class MlpActivation : public MlpLayer {
 public:
  MlpActivation(std::int64_t width, BlockActivation activation) : MlpLayer(width), activation_(activation) {}

  void forward(const float* x, std::int64_t images, const ForwardContext&) override {
    kernels::activate_rows(activation_, x, output(), {images, width()});
  }

  void backward(const float* /*x*/, float* dy, float* dx, std::int64_t images) override {
    if (dx != nullptr) kernels::activate_rows_backward(activation_, output(), dy, dx, {images, width()});
  }

 private:
  BlockActivation activation_;
};

/// The others, by LibTorch's operations.
class MlpSmoothActivation : public MlpLayer {
 public:
  MlpSmoothActivation(std::int64_t width, model::Activation activation)
      : MlpLayer(width), activation_(activation) {}

  void forward(const float* x, std::int64_t images, const ForwardContext&) override {
    view(output(), images).copy_(activate(view(const_cast<float*>(x), images), activation_));
  }

  void backward(const float* x, float* dy, float* dx, std::int64_t images) override {
    if (dx == nullptr) return;
    const Tensor in = view(const_cast<float*>(x), images), out = view(output(), images);
    view(dx, images).copy_(slope(view(dy, images), in, out));
  }

 private:
  [[nodiscard]] Tensor view(float* at, std::int64_t images) const {
    return torch::from_blob(at, {images, width()}, torch::kFloat32);
  }

  [[nodiscard]] Tensor slope(const Tensor& dy, const Tensor& x, const Tensor& y) const {
    switch (activation_) {
      case model::Activation::tanh:
        return at::tanh_backward(dy, y);
      case model::Activation::sigmoid:
        return at::sigmoid_backward(dy, y);
      case model::Activation::gelu:
        return at::gelu_backward(dy, x);
      default:
        return at::silu_backward(dy, x);
    }
  }

  model::Activation activation_;
};

class MlpBatchNorm : public MlpLayer {
 public:
  MlpBatchNorm(std::int64_t width, const model::BatchNormSpec& spec, const FindTensor& tensor, bool biased)
      : MlpLayer(width),
        spec_(spec),
        biased_(biased),
        weight_(tensor("weight")),
        bias_(tensor("bias")),
        mean_(tensor("running_mean")),
        variance_(tensor("running_var")) {}

  void forward(const float* x, std::int64_t images, const ForwardContext& context) override {
    const kernels::RowNorm norm{numbers(weight_), numbers(bias_), spec_.epsilon};
    if (!context.training) {
      return kernels::norm_rows_by(x, output(), {images, width()}, norm,
                                   {numbers(mean_), numbers(variance_)});
    }
    moments_ = kernels::norm_rows(x, output(), {images, width()}, norm);
    // A single row's variance is 0 either way.
    const auto n = static_cast<double>(images);
    move(mean_, moments_.mean, 1.0F);
    move(variance_, moments_.variance, biased_ ? static_cast<float>((n - 1.0) / n) : 1.0F);
  }

  void backward(const float* x, float* dy, float* dx, std::int64_t images) override {
    // Its own gradients are sums of the same pass.
    if (dx == nullptr) dx = scratch(images);
    kernels::norm_rows_backward(dy, x, dx, {images, width()}, moments_,
                                {numbers(weight_), gradient_of(weight_), gradient_of(bias_)});
  }

  [[nodiscard]] bool learns() const override { return true; }

 private:
  /// @param running the statistics that are kept. @param own those of this batch.
  void move(const Tensor& running, const Tensor& own, float factor) const {
    const auto old = static_cast<float>(spec_.momentum), fresh = static_cast<float>(1.0 - spec_.momentum);
    float* to = numbers(running);
    for (std::int64_t i = 0; i < width(); ++i) to[i] = to[i] * old + numbers(own)[i] * factor * fresh;
  }

  float* scratch(std::int64_t images) {
    if (!scratch_.defined() || scratch_.size(0) < images) scratch_ = torch::empty({images, width()});
    return numbers(scratch_);
  }

  model::BatchNormSpec spec_;
  bool biased_;
  Tensor weight_;
  Tensor bias_;
  Tensor mean_;
  Tensor variance_;
  Tensor scratch_;
  kernels::Moments moments_;
};

class MlpDropout : public MlpLayer {
 public:
  MlpDropout(std::int64_t width, const model::DropoutSpec& spec, const std::string& name)
      : MlpLayer(width), rate_(spec.rate), stream_(core::stream_id("dropout:" + name)) {}

  void forward(const float* x, std::int64_t images, const ForwardContext& context) override {
    if (!context.training) {
      std::copy_n(x, images * width(), output());
      return;
    }
    place_ = {context.seed, stream_, context.step, context.first_row};
    kernels::dropout_rows(x, output(), images, width(), rate_, place_);
  }

  void backward(const float* /*x*/, float* dy, float* dx, std::int64_t images) override {
    if (dx != nullptr) kernels::dropout_rows(dy, dx, images, width(), rate_, place_);
  }

 private:
  double rate_;
  std::uint64_t stream_;
  kernels::DropoutKey place_;
};

std::unique_ptr<MlpLayer> make_bend(std::int64_t width, model::Activation activation) {
  const auto own = block_activation(activation);
  if (own == BlockActivation::linear) return nullptr;
  if (own) return std::make_unique<MlpActivation>(width, *own);
  return std::make_unique<MlpSmoothActivation>(width, activation);
}

/// One overload a type of layer that can be part of a stack.
struct Add {
  const model::LayerPlan& plan;
  const FindTensor& tensor;
  BatchNormVariance variance;
  Layers& layers;

  bool operator()(const model::FlattenSpec&) const { return true; }
  bool operator()(const model::ReshapeSpec&) const { return true; }
  bool operator()(const model::DenseSpec& spec) const {
    layers.push_back(std::make_unique<MlpLinear>(plan.input.front(), spec, tensor));
    return add_bend(spec.activation);
  }
  bool operator()(const model::ActivationSpec& spec) const { return add_bend(spec.activation); }
  bool operator()(const model::BatchNormSpec& spec) const {
    if (plan.input.size() != 1) return false;
    const bool biased = variance == BatchNormVariance::keras;
    layers.push_back(std::make_unique<MlpBatchNorm>(plan.input.front(), spec, tensor, biased));
    return true;
  }
  bool operator()(const model::DropoutSpec& spec) const {
    if (spec.rate <= 0.0) return true;
    layers.push_back(std::make_unique<MlpDropout>(model::element_count(plan.output), spec, plan.layer.name));
    return true;
  }
  template <class Spec>
  bool operator()(const Spec&) const {
    return false;
  }

  [[nodiscard]] bool add_bend(model::Activation activation) const {
    auto bend = make_bend(model::element_count(plan.output), activation);
    if (bend) layers.push_back(std::move(bend));
    return true;
  }
};

}  // namespace

bool add_mlp_layers(const model::LayerPlan& plan, const FindTensor& tensor, BatchNormVariance variance,
                    Layers& layers) {
  return std::visit(Add{plan, tensor, variance, layers}, plan.layer.kind);
}

}  // namespace svhn::network
