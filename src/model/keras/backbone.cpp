#include <algorithm>
#include <set>

#include "core/error.h"
#include "model/backbones/backbone.h"
#include "model/keras/conversion.h"
#include "model/pretrained/match_weights.h"

namespace svhn::model {
namespace {

using Calls = std::span<const KerasCall>;

/// @returns a Keras name as graphs spell it.
std::string graph_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

bool is_backbone(const std::string& name) {
  const auto names = backbone_names();
  return name != kTorchScript && std::find(names.begin(), names.end(), name) != names.end();
}

/// @returns whether the calls have every layer of the graph, and end with its last.
bool has_layers(Calls calls, const std::string& last, const Graph& graph) {
  std::set<std::string> names;
  for (const KerasCall& call : calls) names.insert(graph_name(call.layer.name()));
  const bool all = std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
    const bool counted = node.name.starts_with("conv2d") || node.name.starts_with("batch_normalization");
    return node.name.empty() || counted || std::holds_alternative<InputOp>(node.op) ||
           names.contains(node.name);
  });
  return all && graph_name(last) == graph.nodes.back().name;
}

/// @returns the arrays of all layers, named `<layer>.<suffix>`.
WeightSource read_arrays(Calls calls, KerasArrays& arrays) {
  WeightSource source{WeightOrigin::keras, "Keras", {}};
  for (const KerasCall& call : calls) {
    const KerasClass* row = find_keras_class(call.layer.type());
    std::size_t position = 0;
    for (const KerasVariable& variable : row == nullptr ? std::span<const KerasVariable>() : row->variables) {
      if (variable.flag != nullptr && !call.layer.boolean(variable.flag, true)) continue;
      source.arrays.push_back(arrays.read(call, variable, position++));
      source.arrays.back().name.insert(0, call.layer.name() + ".");
    }
  }
  return source;
}

/// @returns the names of the trainable layers of a graph, as patterns.
std::vector<std::string> trainable_layers(Calls calls, const Graph& graph) {
  std::set<std::string> with_tensors;
  for (const Node& node : graph.nodes) {
    if (!node.tensors.empty()) with_tensors.insert(node.name);
  }
  std::vector<std::string> names;
  for (const KerasCall& call : calls) {
    const std::string name = graph_name(call.layer.name());
    if (call.trainable && with_tensors.contains(name)) names.push_back(name);
  }
  return names.size() == with_tensors.size() ? std::vector<std::string>{"*"} : names;
}

}  // namespace

Shape read_keras_backbone(const KerasTopology& topology, const KerasSubmodel& submodel, const Shape& input,
                          KerasArrays& arrays, LayerSpec& layer, std::vector<WeightArray>& tensors) {
  const std::string& name = submodel.layer.name();
  if (!is_backbone(name)) return {};
  BackboneSpec spec;
  spec.backbone = canonical_backbone(name);
  spec.variant = BackboneVariant::keras;
  if (check_backbone(spec, input)) return {};
  const Graph graph = backbone_graph(spec, input);
  const Calls calls = Calls(topology.calls).subspan(submodel.first, submodel.last - submodel.first);
  if (submodel.output == 0 || !has_layers(calls, topology.calls[submodel.output - 1].layer.name(), graph))
    return {};
  const WeightSource source = read_arrays(calls, arrays);
  std::vector<const WeightArray*> found;
  try {
    found = match_weights(spec, graph, source, name);
  } catch (const core::Error&) {
    return {};  // A network of that name with other sizes; its layers are read one by one.
  }
  spec.trainable = trainable_layers(calls, graph);
  std::size_t next = 0;
  for (const Node& node : graph.nodes) {
    for (const TensorPlan& tensor : node.tensors) {
      tensors.push_back({layer.name + "." + tensor.name, found[next]->shape, found[next]->values});
      ++next;
    }
  }
  layer.op = std::move(spec);
  return graph.output();
}

}  // namespace svhn::model
