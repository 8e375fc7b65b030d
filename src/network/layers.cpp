#include "network/layers.h"

#include <utility>

#include "core/random.h"
#include "kernels/dropout.h"
#include "network/backbone_layer.h"
#include "network/operations.h"

namespace svhn::network {
namespace {

using torch::Tensor;

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
  Dense(const model::DenseSpec& spec, const FindTensor& tensor)
      : activation_(spec.activation),
        weight_(tensor("weight")),
        bias_(spec.use_bias ? tensor("bias") : Tensor()) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    return activate(at::linear(x, in_dtype_of(weight_, x), in_dtype_of(bias_, x)), activation_);
  }

 private:
  model::Activation activation_;
  Tensor weight_;
  Tensor bias_;
};

class Conv2d : public Layer {
 public:
  Conv2d(const model::Conv2dSpec& spec, const FindTensor& tensor)
      : window_(window_of(spec.kernel, spec.stride, spec.padding)),
        activation_(spec.activation),
        weight_(tensor("weight")),
        bias_(spec.use_bias ? tensor("bias") : Tensor()) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    return activate(convolve(x, weight_, bias_, window_), activation_);
  }

 private:
  model::Window window_;
  model::Activation activation_;
  Tensor weight_;
  Tensor bias_;
};

class BatchNorm : public Layer {
 public:
  BatchNorm(const model::BatchNormSpec& spec, const FindTensor& tensor, bool biased_variance, bool frozen)
      : norm_({tensor("weight"), tensor("bias"), tensor("running_mean"), tensor("running_var"), spec.epsilon,
               spec.momentum, biased_variance}),
        frozen_(frozen) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override {
    return normalize(x, norm_, context.training && !frozen_, context.group);
  }

 private:
  BatchNormState norm_;
  bool frozen_;  // Keras runs a frozen batch norm in inference mode.
};

class MaxPool2d : public Layer {
 public:
  explicit MaxPool2d(const model::Window& window) : window_(window) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override { return max_pool(x, window_); }

 private:
  model::Window window_;
};

class AveragePool2d : public Layer {
 public:
  explicit AveragePool2d(const model::Window& window) : window_(window) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override { return average_pool(x, window_, false); }

 private:
  model::Window window_;
};

class GlobalAveragePool : public Layer {
 public:
  Tensor forward(const Tensor& x, const ForwardContext&) override { return x.mean({2, 3}); }
};

class Dropout : public Layer {
 public:
  Dropout(const model::DropoutSpec& spec, const std::string& name)
      : rate_(spec.rate), stream_(core::stream_id("dropout:" + name)) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override {
    if (!context.training) return x;
    return kernels::dropout(x, rate_, {context.seed, stream_, context.step, context.first_row});
  }

 private:
  double rate_;
  std::uint64_t stream_;
};

class ActivationLayer : public Layer {
 public:
  explicit ActivationLayer(model::Activation activation) : activation_(activation) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override { return activate(x, activation_); }

 private:
  model::Activation activation_;
};

class Resize : public Layer {
 public:
  explicit Resize(const model::ResizeSpec& spec) : spec_(spec) {}
  Tensor forward(const Tensor& x, const ForwardContext&) override {
    return at::upsample_bilinear2d(x, {spec_.height, spec_.width}, false);
  }

 private:
  model::ResizeSpec spec_;
};

/// Makes the layer of a spec: one overload per type.
struct MakeLayer {
  const model::LayerPlan& plan;
  const FindTensor& tensor;
  BatchNormVariance variance;

  using Made = std::unique_ptr<Layer>;
  Made operator()(const model::FlattenSpec&) const { return std::make_unique<Flatten>(); }
  Made operator()(const model::ReshapeSpec& spec) const { return std::make_unique<Reshape>(spec.shape); }
  Made operator()(const model::DenseSpec& spec) const { return std::make_unique<Dense>(spec, tensor); }
  Made operator()(const model::Conv2dSpec& spec) const { return std::make_unique<Conv2d>(spec, tensor); }
  Made operator()(const model::BatchNormSpec& spec) const {
    const bool biased = variance == BatchNormVariance::keras && plan.input.size() == 1;
    return std::make_unique<BatchNorm>(spec, tensor, biased, !plan.layer.trainable);
  }
  Made operator()(const model::MaxPool2dSpec& spec) const {
    return std::make_unique<MaxPool2d>(window_of(spec.size, spec.stride, spec.padding));
  }
  Made operator()(const model::AveragePool2dSpec& spec) const {
    return std::make_unique<AveragePool2d>(window_of(spec.size, spec.stride, spec.padding));
  }
  Made operator()(const model::GlobalAveragePoolSpec&) const { return std::make_unique<GlobalAveragePool>(); }
  Made operator()(const model::DropoutSpec& spec) const {
    return std::make_unique<Dropout>(spec, plan.layer.name);
  }
  Made operator()(const model::ActivationSpec& spec) const {
    return std::make_unique<ActivationLayer>(spec.activation);
  }
  Made operator()(const model::ResizeSpec& spec) const { return std::make_unique<Resize>(spec); }
  Made operator()(const model::BackboneSpec&) const { return make_backbone(plan, tensor); }
};

}  // namespace

std::unique_ptr<Layer> make_layer(const model::LayerPlan& plan, const FindTensor& tensor,
                                  BatchNormVariance variance) {
  return std::visit(MakeLayer{plan, tensor, variance}, plan.layer.kind);
}

}  // namespace svhn::network
