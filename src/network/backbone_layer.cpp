#include "network/backbone_layer.h"

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "model/backbones/backbone.h"
#include "network/fold.h"
#include "network/operations.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// A node of the graph with its tensors.
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

/// Folds a batch norm into copies of the weights of the step before it.
/// @returns whether this kind of step allows it.
bool fold_into(Step& step, const Affine& affine) {
  auto* conv = std::get_if<model::ConvOp>(&step.operation);
  const bool separable = std::holds_alternative<model::SeparableConvOp>(step.operation);
  if (!separable && (conv == nullptr || conv->activation != model::Activation::linear)) return false;
  const bool biased = conv != nullptr && conv->bias;
  Tensor& weight = step.tensors[separable ? 1 : 0];
  const Tensor bias = biased ? to_float64(step.tensors[1]) * affine.scale + affine.shift : affine.shift;
  const auto options = weight.options().requires_grad(false);
  weight = scale_outputs(to_float64(weight), affine).to(options);
  step.tensors.resize(separable ? 2 : 1);
  step.tensors.push_back(bias.to(options));
  if (conv != nullptr) conv->bias = true;
  return true;
}

/// Computes the output of a node, with one overload per operation. May write into its input only if
/// `last_use`.
struct Compute {
  const Step& step;
  const std::vector<Tensor>& inputs;
  const ForwardContext& context;
  bool last_use;  ///< No other node reads the input.

  [[nodiscard]] const Tensor& x() const { return inputs[0]; }

  /// In place where no gradient is needed, which saves the memory of half of all results.
  static Tensor activate_in_place(Tensor y, model::Activation activation) {
    if (activation == model::Activation::relu && !y.requires_grad()) return at::relu_(y);
    return activate(y, activation);
  }

  Tensor operator()(const model::InputOp&) const { return x(); }
  Tensor operator()(const model::ConvOp& op) const {
    const Tensor bias = op.bias ? step.tensors[1] : Tensor();
    return activate_in_place(convolve(x(), step.tensors[0], bias, op.window), op.activation);
  }
  Tensor operator()(const model::SeparableConvOp& op) const {
    const Tensor y = convolve(x(), step.tensors[0], {}, op.window, x().size(1));
    const bool folded = step.tensors.size() > 2;  // The shift of a folded batch norm.
    return convolve(y, step.tensors[1], folded ? step.tensors[2] : Tensor(), model::square(1));
  }
  Tensor operator()(const model::BatchNormOp& op) const {
    const NormTensors own = norm_tensors(step, op);
    const BatchNormState norm{own.weight, own.bias, own.mean, own.variance, op.epsilon, op.momentum, false};
    return normalize(x(), norm, context.training && step.trainable, context.group);
  }
  Tensor operator()(const model::ActivationOp& op) const {
    return last_use ? activate_in_place(x(), op.activation) : activate(x(), op.activation);
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

/// Autograd saves nothing for the nodes before the first trainable one, since they need no gradient.
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
    std::vector<int> uses_left = uses_;
    const model::NodeId first = context.first.node;
    const model::NodeId last = context.until ? context.until->node : steps_.size() - 1;
    values[first] = first == 0 ? prepare_input(input, input_) : input;
    for (model::NodeId id = first + 1; id <= last; ++id) {
      const Step& step = steps_[id];
      std::vector<Tensor> inputs;
      for (const model::NodeId from : step.inputs) {
        inputs.push_back(values[from]);
        if (--uses_left[from] == 0) values[from] = Tensor();
      }
      const bool last_use = step.inputs[0] != first && !values[step.inputs[0]].defined();
      values[id] = std::visit(Compute{step, inputs, context, last_use}, step.operation);
    }
    return values[last];
  }

  std::vector<std::string> fold() override {
    const torch::NoGradGuard no_grad;
    std::vector<std::string> folded;
    for (Step& step : steps_) {
      const auto* norm = std::get_if<model::BatchNormOp>(&step.operation);
      if (norm == nullptr || uses_[step.inputs[0]] != 1) continue;
      if (!fold_into(steps_[step.inputs[0]], affine_of(norm_tensors(step, *norm), norm->epsilon))) continue;
      step.operation = model::ActivationOp{model::Activation::linear};
      folded.push_back(step.name);
    }
    return folded;
  }

 private:
  model::BackboneInput input_;
  std::vector<Step> steps_;
  std::vector<int> uses_;  // How many nodes read each node's output.
};

}  // namespace

std::unique_ptr<Layer> make_backbone(const model::LayerPlan& plan, const FindTensor& tensor) {
  const auto& spec = std::get<model::BackboneSpec>(plan.layer.kind);
  if (spec.backbone == model::kTorchScript) return make_script(plan, tensor);
  return std::make_unique<Backbone>(spec, model::backbone_graph(spec, plan.input), tensor);
}

}  // namespace svhn::network
