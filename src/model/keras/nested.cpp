// A network of keras.applications inside a model.
#include <algorithm>
#include <set>

#include "core/error.h"
#include "model/backbones/backbone.h"
#include "model/keras/builder.h"
#include "model/pretrained/match_weights.h"

namespace svhn::model {
namespace {

using nlohmann::json;

/// Keras' names as graphs have them.
std::string graph_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

const json& inner_layers(const KerasLayer& layer) {
  const auto found = layer.config().find("layers");
  if (found == layer.config().end() || !found->is_array()) layer.refuse("it lists no layers");
  return *found;
}

/// Where the nested model ends: [["block5_pool",0,0]] or, in Keras 3, ["block5_pool",0,0].
std::string output_of(const KerasLayer& layer) {
  json output = layer.config().value("output_layers", json());
  if (output.is_array() && output.size() == 1) output = output[0];
  return output.is_array() && !output.empty() && output[0].is_string() ? output[0].get<std::string>() : "";
}

/// Every layer of the graph must be there under its name, and the model must end where the graph does.
void check_layers(const KerasLayer& layer, const Graph& graph) {
  std::set<std::string> names;
  for (const json& inner : inner_layers(layer)) {
    if (inner.is_object()) names.insert(graph_name(text_of(inner, "name")));
  }
  for (const Node& node : graph.nodes) {
    const bool counted = node.name.starts_with("conv2d") || node.name.starts_with("batch_normalization");
    if (node.name.empty() || counted || std::holds_alternative<InputOp>(node.operation)) continue;
    if (!names.contains(node.name)) layer.refuse("it has no layer '" + node.name + "'");
  }
  const std::string& last = graph.nodes.back().name;
  if (graph_name(output_of(layer)) != last) layer.refuse("it does not end with the layer '" + last + "'");
}

/// @returns the names of the inner layers that training changes.
std::vector<std::string> trainable_layers(const KerasLayer& layer, const Graph& graph) {
  std::vector<std::string> names;
  if (!layer.boolean("trainable", true)) return names;
  std::set<std::string> with_tensors;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    if (!node_tensors(graph, id).empty()) with_tensors.insert(graph.nodes[id].name);
  }
  for (const json& inner : inner_layers(layer)) {
    const std::string name = graph_name(text_of(inner, "name"));
    const bool trainable = inner.contains("config") && inner["config"].is_object() &&
                           inner["config"].value("trainable", json(true)) == json(true);
    if (trainable && with_tensors.contains(name)) names.push_back(name);
  }
  return names.size() == with_tensors.size() ? std::vector<std::string>{"*"} : names;
}

bool is_backbone(const std::string& name) {
  const auto names = backbone_names();
  return name != kTorchScript && std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void KerasBuilder::nested(const KerasLayer& layer) {
  need_rank(layer, 3);
  if (!is_backbone(layer.name()))
    layer.refuse("a nested model must be a network of keras.applications by its own name");
  BackboneSpec spec;
  spec.backbone = canonical_backbone(layer.name());
  spec.variant = BackboneVariant::keras;
  const Shape input = our_shape(value_.shape);
  const Fault fault = check_backbone(spec, input);
  if (!fault.problem.empty()) layer.refuse(fault.problem);
  const Graph graph = backbone_graph(spec, input);
  check_layers(layer, graph);
  spec.trainable = trainable_layers(layer, graph);

  WeightSource source{WeightOrigin::keras, "Keras HDF5", {}};
  for (const KerasArray& array : arrays_) {
    if (array.layer != layer.name()) continue;
    source.arrays.push_back(read_keras_array(file_, array));
    source.arrays.back().name = (array.node.empty() ? array.layer : array.node) + "." + array.role;
  }
  std::erase_if(arrays_, [&](const KerasArray& array) { return array.layer == layer.name(); });
  const auto found = match_weights(spec, graph, source, file_.path());
  LayerPlan plan{{our_layer_name(layer.name()), spec}, input, {}, {}};
  if (const Fault problem = plan_layer(plan); !problem.problem.empty()) layer.refuse(problem.problem);
  for (std::size_t i = 0; i < found.size(); ++i)
    model_.arrays.push_back({plan.tensors[i].name, found[i]->shape, found[i]->values});
  model_.spec.layers.push_back(plan.layer);
  const Shape& out = plan.output;
  value_ = {{out[1], out[2], out[0]}, std::nullopt};
}

}  // namespace svhn::model
