#include "network/mlp_engine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/random.h"
#include "kernels/dense_products.h"
#include "kernels/dense_steps.h"
#include "kernels/dropout.h"
#include "network/operations.h"

namespace svhn::network {

class MlpLayer {
 public:
  /// @param width output numbers of one image.
  explicit MlpLayer(std::int64_t width) : width_(width) {}
  virtual ~MlpLayer() = default;

  /// @param x [N,...], the input.
  virtual void forward(const float* x, std::int64_t images, const ForwardContext& context) = 0;
  /// Writes the gradients of the layer's tensors. @param x as in forward. @param dy gradient of the output;
  /// may be overwritten. @param dx filled with the gradient of x; nullptr: not needed.
  virtual void backward(const float* x, float* dy, float* dx, std::int64_t images) = 0;
  [[nodiscard]] virtual bool is_trainable() const { return false; }
  [[nodiscard]] virtual bool is_parallel(std::int64_t /*images*/) const { return false; }

  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] float* output() const { return static_cast<float*>(output_.data_ptr()); }
  void reserve(std::int64_t images) { output_ = torch::empty({images, width_}, torch::kFloat32); }

 private:
  std::int64_t width_;
  torch::Tensor output_;  ///< Of the last forward.
};

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

  [[nodiscard]] bool is_trainable() const override { return true; }
  [[nodiscard]] bool is_parallel(std::int64_t images) const override {
    return kernels::dense_is_parallel(sizes(images));
  }

 private:
  [[nodiscard]] kernels::DenseSizes sizes(std::int64_t images) const { return {images, inputs_, width()}; }

  std::int64_t inputs_;
  Tensor weight_;
  Tensor bias_;
};

/// Activations whose derivative can be computed from their output.
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

/// The other activations, by LibTorch's operations.
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
    // The variance of a single row is 0 either way.
    const auto n = static_cast<double>(images);
    update(mean_, moments_.mean, 1.0F);
    update(variance_, moments_.variance, biased_ ? static_cast<float>((n - 1.0) / n) : 1.0F);
  }

  void backward(const float* x, float* dy, float* dx, std::int64_t images) override {
    // The gradients of weight and bias are computed in the same pass.
    if (dx == nullptr) dx = scratch(images);
    kernels::norm_rows_backward(dy, x, dx, {images, width()}, moments_,
                                {numbers(weight_), gradient_of(weight_), gradient_of(bias_)});
  }

  [[nodiscard]] bool is_trainable() const override { return true; }

 private:
  /// Updates running statistics by those of this batch, times a factor.
  void update(const Tensor& running, const Tensor& own, float factor) const {
    const auto old = static_cast<float>(spec_.momentum),
               complement = static_cast<float>(1.0 - spec_.momentum);
    float* to = numbers(running);
    for (std::int64_t i = 0; i < width(); ++i) to[i] = to[i] * old + numbers(own)[i] * factor * complement;
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
    key_ = {context.seed, stream_, context.step, context.first_row};
    kernels::dropout_rows(x, output(), images, width(), rate_, key_);
  }

  void backward(const float* /*x*/, float* dy, float* dx, std::int64_t images) override {
    if (dx != nullptr) kernels::dropout_rows(dy, dx, images, width(), rate_, key_);
  }

 private:
  double rate_;
  std::uint64_t stream_;
  kernels::DropoutKey key_;
};

/// @returns nothing for the linear activation.
std::unique_ptr<MlpLayer> make_activation(std::int64_t width, model::Activation activation) {
  const auto known = block_activation(activation);
  if (known == BlockActivation::linear) return nullptr;
  if (known) return std::make_unique<MlpActivation>(width, *known);
  return std::make_unique<MlpSmoothActivation>(width, activation);
}

/// Adds the MlpLayers of a layer: one overload per supported type.
struct AddLayers {
  const model::LayerPlan& plan;
  const FindTensor& tensor;
  BatchNormVariance variance;
  Layers& layers;

  bool operator()(const model::FlattenSpec&) const { return true; }
  bool operator()(const model::ReshapeSpec&) const { return true; }
  bool operator()(const model::DenseSpec& spec) const {
    layers.push_back(std::make_unique<MlpLinear>(plan.input.front(), spec, tensor));
    return add_activation(spec.activation);
  }
  bool operator()(const model::ActivationSpec& spec) const { return add_activation(spec.activation); }
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

  [[nodiscard]] bool add_activation(model::Activation activation) const {
    auto layer = make_activation(model::element_count(plan.output), activation);
    if (layer) layers.push_back(std::move(layer));
    return true;
  }
};

/// Adds the MlpLayers of a layer to `layers`; none for a layer that only changes the shape.
/// @param tensor finds a tensor of the layer by its role. @returns whether MlpEngine supports the layer.
bool add_mlp_layers(const model::LayerPlan& plan, const FindTensor& tensor, BatchNormVariance variance,
                    Layers& layers) {
  return std::visit(AddLayers{plan, tensor, variance, layers}, plan.layer.kind);
}

/// @returns an undefined tensor where the network has none of that name.
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

bool all_trainable(const Network& network) {
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
  const bool supported = network.device().is_cpu() && network.dtype() == torch::kFloat32;
  if (!supported || !all_contiguous(network)) return nullptr;
  std::unique_ptr<MlpEngine> engine(new MlpEngine(network));
  auto& layers = engine->layers_;
  for (const model::LayerPlan& plan : network.plan().layers) {
    const FindTensor tensor = [&](const std::string& role) {
      return tensor_of(network, plan.layer.name + "." + role);
    };
    if (!add_mlp_layers(plan, tensor, network.variance(), layers)) return nullptr;
  }
  const auto first =
      std::find_if(layers.begin(), layers.end(), [](const auto& l) { return l->is_trainable(); });
  if (first == layers.end()) return nullptr;
  engine->first_trainable_ = static_cast<std::size_t>(first - layers.begin());
  engine->can_train_ = all_trainable(network);
  return engine;
}

void MlpEngine::reserve(std::int64_t images) {
  if (images <= capacity_) return;
  for (const auto& layer : layers_) layer->reserve(images);
  gradients_ = torch::empty({2, images, widest_}, torch::kFloat32);
  capacity_ = images;
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
  float* dx = dy + capacity_ * widest_;
  for (std::size_t i = layers_.size(); i-- > first_trainable_;) {
    const float* input = i == 0 ? x : layers_[i - 1]->output();
    layers_[i]->backward(input, dy, i == first_trainable_ ? nullptr : dx, images_);
    std::swap(dx, dy);
  }
}

}  // namespace svhn::network
