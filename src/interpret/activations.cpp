#include "interpret/activations.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "assignment/assignment.h"
#include "core/error.h"
#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::interpret {
namespace {

using model::Graph;
using model::LayerSpan;
using model::NodeId;

constexpr std::size_t kMostDefaults = 8;

std::string_view type_of(const LayerSpan& layer) {
  return model::type_name(layer.spec.op);
}

LayerChoice choice_of_node(const Graph& graph, NodeId node, const std::string& name) {
  const bool softmax =
      node == graph.output_node() && model::activation_of(graph.nodes[node].op) == model::Activation::softmax;
  return {name, graph.nodes[node].layer, node, graph.nodes[node].output, softmax};
}

LayerChoice choice(const Graph& graph, std::size_t index) {
  return choice_of_node(graph, graph.layers[index].last, graph.layers[index].spec.name);
}

bool is_one_of(const LayerSpan& layer, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type_of(layer)) != types.end();
}

std::vector<std::size_t> indices_of(const Graph& graph, std::initializer_list<std::string_view> types) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    if (is_one_of(graph.layers[i], types)) found.push_back(i);
  }
  return found;
}

/// @returns the node inside a backbone whose name, with or without the backbone's, is `text`.
std::optional<NodeId> inner_node(const Graph& graph, const std::string& text) {
  for (NodeId id = 1; id < graph.nodes.size(); ++id) {
    const std::string& name = graph.nodes[id].name;
    if (name == text || name == graph.layer_of(id).spec.name + "." + text) return id;
  }
  return std::nullopt;
}

std::size_t number_of(const std::string& text, std::size_t none) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? value : none;
}

[[noreturn]] void refuse(const Graph& graph, const std::string& text) {
  std::vector<std::string_view> names{"output"};
  for (const LayerSpan& layer : graph.layers) names.emplace_back(layer.spec.name);
  for (NodeId id = 1; id < graph.nodes.size(); ++id) names.emplace_back(graph.nodes[id].name);
  const std::string near(core::nearest_name(text, names));
  throw core::Error(core::ExitCode::usage, "the model has no layer '" + core::printable(text) + "'",
                    near.empty() ? "'svhn info' lists its " + std::to_string(graph.layers.size()) +
                                       " layers; the first has the number 0"
                                 : "did you mean '" + near + "'?");
}

bool is_assignment(const Graph& graph) {
  const auto same = [](const LayerSpan& layer, std::string_view type) { return type_of(layer) == type; };
  return std::ranges::equal(graph.layers, assignment::kLayerTypes, same);
}

}  // namespace

LayerChoice find_layer(const Graph& graph, const std::string& text) {
  const std::size_t none = graph.layers.size();
  for (std::size_t i = 0; i < none; ++i) {
    if (graph.layers[i].spec.name == text) return choice(graph, i);
  }
  if (text == "output") {
    LayerChoice last = choice(graph, none - 1);
    last.softmax = true;
    return last;
  }
  const std::size_t number = number_of(text, none);
  if (number < none) return choice(graph, number);
  const auto same_type = indices_of(graph, {std::string_view(text)});
  if (same_type.size() == 1) return choice(graph, same_type.front());
  const auto inner = inner_node(graph, text);
  if (!inner) refuse(graph, text);
  return choice_of_node(graph, *inner, graph.nodes[*inner].name);
}

std::vector<LayerChoice> default_activation_layers(const Graph& graph) {
  std::vector<std::size_t> indices(assignment::kShownLayers.begin(), assignment::kShownLayers.end());
  if (!is_assignment(graph))
    indices = indices_of(graph, {"conv2d", "max_pool2d", "average_pool2d", "backbone"});
  if (indices.empty()) indices = indices_of(graph, {"dense"});
  std::vector<LayerChoice> layers;
  const std::size_t count = std::min(indices.size(), kMostDefaults);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = count == 1 ? 0 : i * (indices.size() - 1) / (count - 1);
    layers.push_back(choice(graph, indices[at]));
  }
  return layers;
}

LayerChoice default_embedding_layer(const Graph& graph) {
  for (std::size_t i = 1; i < graph.layers.size(); ++i) {
    if (is_one_of(graph.layers[i], {"flatten", "global_average_pool"})) return choice(graph, i);
  }
  const auto dense = indices_of(graph, {"dense"});
  const std::size_t last = dense.empty() ? graph.layers.size() - 1 : dense.back();
  return choice(graph, last > 0 ? last - 1 : 0);
}

std::vector<torch::Tensor> layer_outputs(network::Network& network, const torch::Tensor& images,
                                         std::span<const LayerChoice> layers) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> outputs(layers.size());
  const auto keep = [&](NodeId node, const torch::Tensor& output) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].node != node) continue;
      const torch::Tensor read = layers[i].softmax ? at::softmax(output, 1) : output;
      outputs[i] = read.to(torch::kCPU, torch::kFloat32).contiguous();
    }
  };
  network.forward_visiting(images.to(network.device()), {}, keep);
  return outputs;
}

}  // namespace svhn::interpret
