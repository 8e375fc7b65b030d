#include "network/mlp_engine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/random.h"
#include "kernels/dense_products.h"
#include "kernels/dense_steps.h"
#include "kernels/dropout.h"
#include "network/ops/tensor_ops.h"

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
  MlpLinear(std::int64_t inputs, const model::DenseOp& op, const NodeState& state)
      : MlpLayer(op.units),
        inputs_(inputs),
        weight_(state.tensors[0]),
        bias_(op.use_bias ? state.tensors[1] : Tensor()) {}

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
  MlpBatchNorm(std::int64_t width, const model::BatchNormOp& op, const NodeState& state)
      : MlpLayer(width),
        spec_(op),
        biased_(state.biased_variance),
        weight_(state.tensors[0]),
        bias_(state.tensors[1]),
        mean_(state.tensors[2]),
        variance_(state.tensors[3]) {}

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

  model::BatchNormOp spec_;
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
  MlpDropout(std::int64_t width, const model::DropoutOp& spec, const std::string& name)
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

/// @returns whether MlpSmoothActivation has the activation.
bool is_smooth(model::Activation activation) {
  return activation == model::Activation::tanh || activation == model::Activation::sigmoid ||
         activation == model::Activation::gelu || activation == model::Activation::swish;
}

/// @returns nothing for the linear activation.
std::unique_ptr<MlpLayer> make_activation(std::int64_t width, model::Activation activation) {
  const auto known = block_activation(activation);
  if (known == BlockActivation::linear) return nullptr;
  if (known) return std::make_unique<MlpActivation>(width, *known);
  return std::make_unique<MlpSmoothActivation>(width, activation);
}

/// Adds the MlpLayers of a node: one overload per supported op.
struct AddLayers {
  const model::Node& node;
  const model::Shape& input;
  const NodeState& state;
  Layers& layers;

  bool operator()(const model::FlattenOp&) const { return true; }
  bool operator()(const model::ReshapeOp&) const { return true; }
  bool operator()(const model::DenseOp& op) const {
    layers.push_back(std::make_unique<MlpLinear>(input.front(), op, state));
    return add_activation(op.activation);
  }
  bool operator()(const model::ActivationOp& op) const { return add_activation(op.activation); }
  bool operator()(const model::BatchNormOp& op) const {
    if (input.size() != 1 || !op.scale) return false;
    layers.push_back(std::make_unique<MlpBatchNorm>(input.front(), op, state));
    return true;
  }
  bool operator()(const model::DropoutOp& op) const {
    if (op.rate <= 0.0) return true;
    layers.push_back(std::make_unique<MlpDropout>(model::element_count(node.output), op, node.name));
    return true;
  }
  template <class Op>
  bool operator()(const Op&) const {
    return false;
  }

  [[nodiscard]] bool add_activation(model::Activation activation) const {
    if (!block_activation(activation) && !is_smooth(activation)) return false;
    auto layer = make_activation(model::element_count(node.output), activation);
    if (layer) layers.push_back(std::move(layer));
    return true;
  }
};

/// @returns whether every node reads the one before it.
bool is_chain(const model::Graph& graph) {
  for (model::NodeId id = 1; id < graph.nodes.size(); ++id) {
    if (graph.nodes[id].inputs != std::vector<model::NodeId>{id - 1}) return false;
  }
  return true;
}

bool all_contiguous(const Network& network) {
  const auto& tensors = network.tensors();
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const NamedTensor& item) { return item.tensor.is_contiguous(); });
}

bool all_trainable(const Network& network) {
  const auto& nodes = network.graph().nodes;
  const auto& tensors = network.tensors();
  return std::all_of(nodes.begin(), nodes.end(),
                     [](const model::Node& node) { return node.trainable || node.tensors.empty(); }) &&
         std::all_of(tensors.begin(), tensors.end(), [](const NamedTensor& item) {
           return !item.trainable || (item.tensor.grad().defined() && item.tensor.grad().is_contiguous());
         });
}

}  // namespace

MlpEngine::MlpEngine(const Network& network) {
  for (const model::Node& node : network.graph().nodes)
    widest_ = std::max(widest_, model::element_count(node.output));
}

MlpEngine::~MlpEngine() = default;

std::unique_ptr<MlpEngine> MlpEngine::make(const Network& network) {
  const bool supported = network.device().is_cpu() && network.dtype() == torch::kFloat32;
  const model::Graph& graph = network.graph();
  if (!supported || !all_contiguous(network) || !is_chain(graph)) return nullptr;
  std::unique_ptr<MlpEngine> engine(new MlpEngine(network));
  auto& layers = engine->layers_;
  for (model::NodeId id = 1; id < graph.nodes.size(); ++id) {
    const AddLayers add{graph.nodes[id], graph.nodes[id - 1].output, network.state(id), layers};
    if (!std::visit(add, graph.nodes[id].op)) return nullptr;
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
