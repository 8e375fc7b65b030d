#include "svhn/model/layers.h"

#include <utility>

#include "svhn/compute/dropout.h"
#include "svhn/core/random.h"

namespace svhn::model {
namespace {

using torch::Tensor;

/// Weights stay float32; arithmetic follows the input.
Tensor in_dtype_of(const Tensor& weight, const Tensor& input) {
  return weight.defined() ? weight.to(input.scalar_type()) : weight;
}

Tensor activate(const Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::relu:
      return at::relu(x);
    case Activation::selu:
      return at::selu(x);
    case Activation::tanh:
      return at::tanh(x);
    case Activation::sigmoid:
      return at::sigmoid(x);
    case Activation::elu:
      return at::elu(x);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::swish:
      return at::silu(x);
    case Activation::linear:
    case Activation::softmax:
      break;  // Networks return logits.
  }
  return x;
}

/// TensorFlow's "same": the output has ceil(size / stride) elements and an odd pixel of padding goes to the
/// end.
Tensor pad_same(const Tensor& x, std::int64_t window, std::int64_t stride, double value) {
  const auto total = [&](std::int64_t size) {
    return std::max<std::int64_t>(0, ((size + stride - 1) / stride - 1) * stride + window - size);
  };
  const std::int64_t rows = total(x.size(2)), columns = total(x.size(3));
  if (rows == 0 && columns == 0) return x;
  return at::constant_pad_nd(x, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2}, value);
}

class Flatten : public Layer {
 public:
  Tensor forward(const Tensor& x, const ForwardContext&) override { return x.contiguous().flatten(1); }
};

class Reshape : public Layer {
 public:
  explicit Reshape(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    std::vector<std::int64_t> shape{x.size(0)};
    shape.insert(shape.end(), shape_.begin(), shape_.end());
    return x.contiguous().view(shape);
  }

 private:
  std::vector<std::int64_t> shape_;
};

class Dense : public Layer {
 public:
  Dense(const DenseSpec& spec, const FindTensor& tensor)
      : activation_(spec.activation),
        weight_(tensor("weight")),
        bias_(spec.use_bias ? tensor("bias") : Tensor()) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    return activate(at::linear(x, in_dtype_of(weight_, x), in_dtype_of(bias_, x)), activation_);
  }

 private:
  Activation activation_;
  Tensor weight_;
  Tensor bias_;
};

class Conv2d : public Layer {
 public:
  Conv2d(const Conv2dSpec& spec, const FindTensor& tensor)
      : spec_(spec), weight_(tensor("weight")), bias_(spec.use_bias ? tensor("bias") : Tensor()) {}
  Tensor forward(const Tensor& input, const ForwardContext&) override {
    const bool same = spec_.padding == Padding::same;
    // With stride 1 and an odd window the padding is symmetric and the convolution does it itself.
    const bool symmetric = same && spec_.stride == 1 && spec_.kernel % 2 == 1;
    const Tensor x = same && !symmetric ? pad_same(input, spec_.kernel, spec_.stride, 0.0) : input;
    const std::int64_t padding = symmetric ? spec_.kernel / 2 : 0;
    const Tensor y = at::conv2d(x, in_dtype_of(weight_, x), in_dtype_of(bias_, x), spec_.stride, padding);
    return activate(y, spec_.activation);
  }

 private:
  Conv2dSpec spec_;
  Tensor weight_;
  Tensor bias_;
};

class BatchNorm : public Layer {
 public:
  BatchNorm(const BatchNormSpec& spec, const FindTensor& tensor, bool biased_variance, bool frozen)
      : spec_(spec),
        biased_variance_(biased_variance),
        frozen_(frozen),
        weight_(tensor("weight")),
        bias_(tensor("bias")),
        mean_(tensor("running_mean")),
        variance_(tensor("running_var")) {}

  Tensor forward(const Tensor& x, const ForwardContext& context) override {
    if (!context.training || frozen_) {
      return at::batch_norm(x, weight_, bias_, mean_, variance_, false, 0.0, spec_.epsilon, true);
    }
    // A momentum of 1 leaves this batch's own statistics in the scratch tensors.
    Tensor mean = at::zeros_like(mean_), variance = at::zeros_like(variance_);
    const Tensor y = at::batch_norm(x, weight_, bias_, mean, variance, true, 1.0, spec_.epsilon, true);
    update(mean, variance, x.numel() / x.size(1));
    return y;
  }

 private:
  /// @param variance Bessel-corrected. @param count values for each channel.
  void update(const Tensor& mean, const Tensor& variance, std::int64_t count) {
    const torch::NoGradGuard no_grad;
    const auto n = static_cast<double>(count);
    // The batch's tensors are saved for backward and must not change. A single value has no corrected
    // variance; its biased one is 0.
    const double factor = biased_variance_ ? (n - 1.0) / n : 1.0;
    const Tensor kept = count == 1 ? at::zeros_like(variance) : variance * factor;
    mean_.mul_(spec_.momentum).add_(mean, 1.0 - spec_.momentum);
    variance_.mul_(spec_.momentum).add_(kept, 1.0 - spec_.momentum);
  }

  BatchNormSpec spec_;
  bool biased_variance_;
  bool frozen_;  // Keras runs a frozen batch norm in inference mode.
  Tensor weight_;
  Tensor bias_;
  Tensor mean_;
  Tensor variance_;
};

class MaxPool2d : public Layer {
 public:
  explicit MaxPool2d(const MaxPool2dSpec& spec)
      : spec_(spec), stride_(spec.stride > 0 ? spec.stride : spec.size) {}
  Tensor forward(const Tensor& input, const ForwardContext&) override {
    constexpr double kLowest = -std::numeric_limits<double>::infinity();
    const Tensor x = spec_.padding == Padding::same ? pad_same(input, spec_.size, stride_, kLowest) : input;
    return at::max_pool2d(x, {spec_.size, spec_.size}, {stride_, stride_});
  }

 private:
  MaxPool2dSpec spec_;
  std::int64_t stride_;
};

class AveragePool2d : public Layer {
 public:
  explicit AveragePool2d(const AveragePool2dSpec& spec)
      : spec_(spec), stride_(spec.stride > 0 ? spec.stride : spec.size) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    if (spec_.padding == Padding::valid) return pool(x);
    // TensorFlow's mean leaves the padding out: divide by the share of real pixels.
    const Tensor real =
        pool(pad_same(at::ones({1, 1, x.size(2), x.size(3)}, x.options()), spec_.size, stride_, 0.0));
    return pool(pad_same(x, spec_.size, stride_, 0.0)) / real;
  }

 private:
  [[nodiscard]] Tensor pool(const Tensor& x) const {
    return at::avg_pool2d(x, {spec_.size, spec_.size}, {stride_, stride_});
  }

  AveragePool2dSpec spec_;
  std::int64_t stride_;
};

class GlobalAveragePool : public Layer {
 public:
  Tensor forward(const Tensor& x, const ForwardContext&) override { return x.mean({2, 3}); }
};

class Dropout : public Layer {
 public:
  Dropout(const DropoutSpec& spec, const std::string& name)
      : rate_(spec.rate), stream_(core::stream_id("dropout:" + name)) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override {
    if (!context.training) return x;
    return compute::dropout(x, rate_, {context.seed, stream_, context.step, context.first_row});
  }

 private:
  double rate_;
  std::uint64_t stream_;
};

class Activate : public Layer {
 public:
  explicit Activate(Activation activation) : activation_(activation) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override { return activate(x, activation_); }

 private:
  Activation activation_;
};

class Resize : public Layer {
 public:
  explicit Resize(const ResizeSpec& spec) : spec_(spec) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    return at::upsample_bilinear2d(x, {spec_.height, spec_.width}, false);
  }

 private:
  ResizeSpec spec_;
};

/// Which layer a spec makes; one overload a type.
struct Make {
  const LayerPlan& plan;
  const FindTensor& tensor;
  BatchNormVariance variance;

  using Made = std::unique_ptr<Layer>;
  Made operator()(const FlattenSpec&) const { return std::make_unique<Flatten>(); }
  Made operator()(const ReshapeSpec& spec) const { return std::make_unique<Reshape>(spec.shape); }
  Made operator()(const DenseSpec& spec) const { return std::make_unique<Dense>(spec, tensor); }
  Made operator()(const Conv2dSpec& spec) const { return std::make_unique<Conv2d>(spec, tensor); }
  Made operator()(const BatchNormSpec& spec) const {
    const bool biased = variance == BatchNormVariance::keras && plan.input.size() == 1;
    return std::make_unique<BatchNorm>(spec, tensor, biased, !plan.layer.trainable);
  }
  Made operator()(const MaxPool2dSpec& spec) const { return std::make_unique<MaxPool2d>(spec); }
  Made operator()(const AveragePool2dSpec& spec) const { return std::make_unique<AveragePool2d>(spec); }
  Made operator()(const GlobalAveragePoolSpec&) const { return std::make_unique<GlobalAveragePool>(); }
  Made operator()(const DropoutSpec& spec) const { return std::make_unique<Dropout>(spec, plan.layer.name); }
  Made operator()(const ActivationSpec& spec) const { return std::make_unique<Activate>(spec.activation); }
  Made operator()(const ResizeSpec& spec) const { return std::make_unique<Resize>(spec); }
};

}  // namespace

std::unique_ptr<Layer> make_layer(const LayerPlan& plan, const FindTensor& tensor,
                                  BatchNormVariance variance) {
  return std::visit(Make{plan, tensor, variance}, plan.layer.kind);
}

}  // namespace svhn::model
