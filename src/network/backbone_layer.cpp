#include "network/backbone_layer.h"

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "model/backbones/backbone.h"
#include "network/affine.h"
#include "network/operations.h"
#include "network/script_layer.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// A node with its tensors at hand.
struct Step {
  std::string name;
  model::Operation operation;
  std::vector<model::NodeId> inputs;
  std::vector<Tensor> tensors;  // In the order of node_tensors().
  bool trainable = false;
};

NormTensors norm_tensors(const Step& step, const model::BatchNormOp& op) {
  const std::size_t first = op.scale ? 1 : 0;
  return {op.scale ? step.tensors[0] : Tensor(), step.tensors[first], step.tensors[first + 1],
          step.tensors[first + 2]};
}

/// Gives a step copies of its weights that do what the batch norm behind it did.
/// @returns whether this kind of step can.
bool take_over(Step& step, const Affine& affine) {
  auto* conv = std::get_if<model::ConvOp>(&step.operation);
  const bool separable = std::holds_alternative<model::SeparableConvOp>(step.operation);
  if (!separable && (conv == nullptr || conv->activation != model::Activation::linear)) return false;
  const bool biased = conv != nullptr && conv->bias;
  Tensor& weight = step.tensors[separable ? 1 : 0];
  const Tensor bias = biased ? exact(step.tensors[1]) * affine.scale + affine.shift : affine.shift;
  const auto options = weight.options().requires_grad(false);
  weight = scale_outputs(exact(weight), affine).to(options);
  step.tensors.resize(separable ? 2 : 1);
  step.tensors.push_back(bias.to(options));
  if (conv != nullptr) conv->bias = true;
  return true;
}

/// What a node makes of its inputs; one overload an operation. Nothing is written into an input unless
/// `spent` says that nobody else wants it.
struct Run {
  const Step& step;
  const std::vector<Tensor>& inputs;
  const ForwardContext& context;
  bool spent;

  [[nodiscard]] const Tensor& x() const { return inputs[0]; }

  /// In place where no gradient is wanted: that saves the memory of half of all results.
  static Tensor activate_own(Tensor y, model::Activation activation) {
    if (activation == model::Activation::relu && !y.requires_grad()) return at::relu_(y);
    return activate(y, activation);
  }

  Tensor operator()(const model::InputOp&) const { return x(); }
  Tensor operator()(const model::ConvOp& op) const {
    const Tensor bias = op.bias ? step.tensors[1] : Tensor();
    return activate_own(convolve(x(), step.tensors[0], bias, op.window), op.activation);
  }
  Tensor operator()(const model::SeparableConvOp& op) const {
    const Tensor y = convolve(x(), step.tensors[0], {}, op.window, x().size(1));
    const bool folded = step.tensors.size() > 2;  // A batch norm has left its shift behind.
    return convolve(y, step.tensors[1], folded ? step.tensors[2] : Tensor(), model::square(1));
  }
  Tensor operator()(const model::BatchNormOp& op) const {
    const NormTensors own = norm_tensors(step, op);
    const Norm norm{own.weight, own.bias, own.mean, own.variance, op.epsilon, op.momentum, false};
    return normalize(x(), norm, context.training && step.trainable, context.group);
  }
  Tensor operator()(const model::ActivationOp& op) const {
    return spent ? activate_own(x(), op.activation) : activate(x(), op.activation);
  }
  Tensor operator()(const model::MaxPoolOp& op) const { return max_pool(x(), op.window); }
  Tensor operator()(const model::AveragePoolOp& op) const {
    return average_pool(x(), op.window, op.count_padding);
  }
  Tensor operator()(const model::ZeroPadOp& op) const {
    const model::ZeroPadOp pad = model::zero_padding(op, x().size(2), x().size(3));
    return at::constant_pad_nd(x(), {pad.left, pad.right, pad.top, pad.bottom}, 0.0);
  }
  Tensor operator()(const model::CropOp& op) const {
    return x().narrow(2, op.top, x().size(2) - op.top).narrow(3, op.left, x().size(3) - op.left);
  }
  Tensor operator()(const model::AddOp& op) const { return at::add(x(), inputs[1], op.scale); }
  Tensor operator()(const model::ConcatOp&) const { return at::cat(inputs, 1); }
  Tensor operator()(const model::GlobalAverageOp&) const { return x().mean({2, 3}); }
};

/// Layers before the first trainable one need no gradient, so autograd keeps nothing of them.
class Backbone : public Layer {
 public:
  Backbone(const model::BackboneSpec& spec, const model::Graph& graph, const FindTensor& tensor)
      : input_(spec.input), uses_(graph.nodes.size(), 0) {
    for (model::NodeId id = 0; id < graph.nodes.size(); ++id) {
      const model::Node& node = graph.nodes[id];
      Step step{node.name, node.operation, node.inputs, {}, model::is_trainable(spec, node)};
      for (const model::NodeTensor& item : model::node_tensors(graph, id))
        step.tensors.push_back(tensor(node.name + "." + item.role));
      for (const model::NodeId from : node.inputs) ++uses_[from];
      steps_.push_back(std::move(step));
    }
  }

  Tensor forward(const Tensor& input, const ForwardContext& context) override {
    std::vector<Tensor> values(steps_.size());
    std::vector<int> wanted = uses_;
    const model::NodeId first = context.first.node;
    const model::NodeId last = context.until ? context.until->node : steps_.size() - 1;
    values[first] = first == 0 ? prepare_input(input, input_) : input;
    for (model::NodeId id = first + 1; id <= last; ++id) {
      const Step& step = steps_[id];
      std::vector<Tensor> inputs;
      for (const model::NodeId from : step.inputs) {
        inputs.push_back(values[from]);
        if (--wanted[from] == 0) values[from] = Tensor();
      }
      const bool spent = step.inputs[0] != first && !values[step.inputs[0]].defined();
      values[id] = std::visit(Run{step, inputs, context, spent}, step.operation);
    }
    return values[last];
  }

  std::vector<std::string> fold() override {
    const torch::NoGradGuard no_grad;
    std::vector<std::string> folded;
    for (Step& step : steps_) {
      const auto* norm = std::get_if<model::BatchNormOp>(&step.operation);
      if (norm == nullptr || uses_[step.inputs[0]] != 1) continue;
      if (!take_over(steps_[step.inputs[0]], affine_of(norm_tensors(step, *norm), norm->epsilon))) continue;
      step.operation = model::ActivationOp{model::Activation::linear};
      folded.push_back(step.name);
    }
    return folded;
  }

 private:
  model::BackboneInput input_;
  std::vector<Step> steps_;
  std::vector<int> uses_;  // How many nodes want each node's result.
};

}  // namespace

std::unique_ptr<Layer> make_backbone(const model::LayerPlan& plan, const FindTensor& tensor) {
  const auto& spec = std::get<model::BackboneSpec>(plan.layer.kind);
  if (spec.backbone == model::kTorchScript) return make_script(plan, tensor);
  return std::make_unique<Backbone>(spec, model::backbone_graph(spec, plan.input), tensor);
}

}  // namespace svhn::network
