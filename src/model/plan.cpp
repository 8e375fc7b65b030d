#include "model/plan.h"

#include <algorithm>
#include <utility>

#include "core/fields_json.h"
#include "model/backbones/backbone.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

using core::Error;
using core::ExitCode;

std::string title(const LayerSpec& layer) {
  return "layer '" + layer.name + "' (" + std::string(type_name(layer.op)) + ")";
}

void check_names(const ModelSpec& spec, ExitCode code) {
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (is_layer_name(spec.layers[i].name)) continue;
    throw Error(code, "layer " + std::to_string(i) + " has a name that is not allowed",
                "use up to 64 letters, digits, '_' and '-'");
  }
  const std::size_t repeated = first_repeated_name(spec);
  if (repeated == spec.layers.size()) return;
  throw Error(code,
              "layer " + std::to_string(repeated) + " is called '" + spec.layers[repeated].name +
                  "' as an earlier one is",
              "give each layer its own name, or none");
}

void check_softmax(const ModelSpec& spec, ExitCode code) {
  for (std::size_t i = 0; i + 1 < spec.layers.size(); ++i) {
    if (activation_of(spec.layers[i].op) != Activation::softmax) continue;
    throw Error(code, title(spec.layers[i]) + ": softmax may stand in the last layer only",
                "choose another activation, or remove the layers behind it");
  }
}

void check_input(const Shape& input, ExitCode code) {
  const bool sizes = std::all_of(input.begin(), input.end(), [](std::int64_t n) { return n >= 1; });
  if (input.size() == 3 && sizes && fits_bound(input, kMaxActivations)) return;
  throw Error(code, "a network's input must be [channels,height,width], not " + shape_text(input),
              "each must be at least 1");
}

/// Adds the layers of a network to a graph, one after the other.
class Planner {
 public:
  Planner(const Shape& input, const PlanRules& rules) : builder_(input), rules_(rules) {}

  void add(LayerSpec layer) {
    LayerSpan span{std::move(layer), builder_.graph().nodes.size(), 0};
    std::vector<NodeId> inputs = inputs_of(span.spec);
    if (const LayerError error = add_nodes(span, std::move(inputs))) refuse(span.spec, error);
    span.last = builder_.graph().output_node();
    for (NodeId id = span.first; id <= span.last; ++id) check_node(span.spec, builder_.graph().nodes[id]);
    layers_.push_back(std::move(span));
  }

  Graph take() {
    check_output();
    check_uses();
    Graph graph = builder_.take();
    counts_.non_trainable = counts_.total - counts_.trainable;
    graph.layers = std::move(layers_);
    graph.counts = counts_;
    return graph;
  }

 private:
  [[noreturn]] void refuse(const LayerSpec& layer, const LayerError& error) const {
    throw Error(rules_.code, title(layer) + ": " + error.problem, error.hint);
  }

  LayerError add_nodes(LayerSpan& span, std::vector<NodeId> inputs) {
    const std::size_t layer = layers_.size();
    if (auto* backbone = std::get_if<BackboneSpec>(&span.spec.op))
      return add_backbone(builder_, *backbone, {span.spec.name, inputs.front(), layer});
    return builder_.try_add(
        {span.spec.name, "", span.spec.op, std::move(inputs), {}, {}, span.spec.trainable, layer});
  }

  [[nodiscard]] std::vector<NodeId> inputs_of(const LayerSpec& layer) const {
    const OpInfo& info = op_info(layer.op);
    std::vector<NodeId> ids;
    for (const std::string& name : layer.inputs) ids.push_back(node_of(layer, name));
    if (ids.empty() && info.min_inputs <= 1) ids.push_back(builder_.graph().output_node());
    if (ids.size() < info.min_inputs) {
      refuse(layer, {"needs at least " + std::to_string(info.min_inputs) + " inputs",
                     R"(name earlier layers: "inputs": ["conv2d_1", "conv2d_2"])"});
    }
    if (ids.size() > info.max_inputs) {
      refuse(layer,
             {"has " + std::to_string(ids.size()) + " inputs, but takes " + std::to_string(info.max_inputs),
              "join them first with a layer 'add' or 'concat'"});
    }
    return ids;
  }

  [[nodiscard]] NodeId node_of(const LayerSpec& layer, const std::string& name) const {
    for (const LayerSpan& span : layers_) {
      if (span.spec.name == name) return span.last;
    }
    if (name == kInputName) return 0;
    if (const auto id = find_node(builder_.graph(), name)) return *id;
    std::vector<std::string_view> names{kInputName};
    for (const LayerSpan& span : layers_) names.emplace_back(span.spec.name);
    const std::string near(core::nearest_name(name, names));
    refuse(layer, {"reads '" + name + "', but no earlier layer is called that",
                   near.empty() ? "the earlier layer is called '" + std::string(names.back()) + "'"
                                : "did you mean '" + near + "'?"});
  }

  void check_node(const LayerSpec& layer, const Node& node) {
    const auto* conv = std::get_if<Conv2dOp>(&node.op);
    if (conv != nullptr && conv->initializer == KernelInitializer::whitening && node.inputs.front() != 0) {
      refuse(layer, {"kernel_initializer whitening is for a layer that reads the network's images",
                     "leave it out, or put the layer first"});
    }
    if (!fits_bound(node.output, kMaxActivations)) {
      refuse(layer, {"its output " + shape_text(node.output) + " holds more than " +
                         std::to_string(kMaxActivations) + " numbers",
                     "use smaller sizes"});
    }
    for (const TensorPlan& tensor : node.tensors) count(layer, tensor);
  }

  void count(const LayerSpec& layer, const TensorPlan& tensor) {
    // The bound on a single tensor keeps the sum from overflowing.
    const bool fits = fits_bound(tensor.shape, kMaxParameters) &&
                      (counts_.total += element_count(tensor.shape)) <= kMaxParameters;
    if (!fits) {
      refuse(layer, {"the weight " + shape_text(tensor.shape) + " brings the network above " +
                         std::to_string(kMaxParameters) + " parameters",
                     "use fewer units or filters, or pool before a dense layer"});
    }
    if (tensor.trainable) counts_.trainable += element_count(tensor.shape);
  }

  void check_output() const {
    const Shape& output = builder_.graph().output();
    if (rules_.outputs == 0 || output == Shape{rules_.outputs}) return;
    const std::string wanted = std::to_string(rules_.outputs);
    refuse(layers_.back().spec,
           {"the last layer must give " + wanted + " numbers, but gives " + shape_text(output),
            "end with {\"type\": \"dense\", \"units\": " + wanted + ", \"activation\": \"softmax\"}"});
  }

  void check_uses() const {
    const std::vector<int> uses = use_counts(builder_.graph());
    for (const LayerSpan& span : layers_) {
      const bool read = span.last == builder_.graph().output_node() || uses[span.last] > 0;
      if (!read)
        refuse(span.spec, {"no later layer reads it", "name it among the \"inputs\" of one, or remove it"});
    }
  }

  GraphBuilder builder_;
  PlanRules rules_;
  std::vector<LayerSpan> layers_;
  ParameterCounts counts_;
};

}  // namespace

Graph plan_network(const ModelSpec& spec, const Shape& input, const PlanRules& rules) {
  ModelSpec named = spec;
  name_layers(named);
  check_names(named, rules.code);
  check_softmax(named, rules.code);
  check_input(input, rules.code);
  if (named.layers.empty()) throw Error(rules.code, "the network has no layers", "add at least one");
  Planner planner(input, rules);
  for (LayerSpec& layer : named.layers) planner.add(std::move(layer));
  return planner.take();
}

}  // namespace svhn::model
