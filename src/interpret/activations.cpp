#include "interpret/activations.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "core/error.h"
#include "core/fields_json.h"
#include "core/json.h"
#include "model/spec_json.h"

namespace svhn::interpret {
namespace {

using model::LayerPlan;

constexpr std::size_t kMostDefaults = 8;

/// The layer types of question 2's network, and the layers whose activations the assignment shows.
constexpr std::array<std::string_view, 23> kAssignmentTypes{
    "conv2d",  "batch_norm", "conv2d",     "batch_norm", "max_pool2d", "dropout",
    "conv2d",  "batch_norm", "conv2d",     "batch_norm", "max_pool2d", "dropout",
    "conv2d",  "batch_norm", "conv2d",     "batch_norm", "max_pool2d", "dropout",
    "flatten", "dense",      "batch_norm", "dropout",    "dense"};
constexpr std::array<std::size_t, 5> kAssignmentLayers{0, 5, 6, 8, 10};

std::string_view type_of(const LayerPlan& layer) {
  return model::type_name(layer.layer.kind);
}

bool ends_in_softmax(const LayerPlan& layer) {
  if (const auto* dense = std::get_if<model::DenseSpec>(&layer.layer.kind)) {
    return dense->activation == model::Activation::softmax;
  }
  const auto* activation = std::get_if<model::ActivationSpec>(&layer.layer.kind);
  return activation != nullptr && activation->activation == model::Activation::softmax;
}

LayerChoice choice(const model::NetworkPlan& plan, std::size_t index) {
  const LayerPlan& layer = plan.layers[index];
  return {layer.layer.name, index, layer.output, ends_in_softmax(layer)};
}

bool is_one_of(const LayerPlan& layer, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type_of(layer)) != types.end();
}

std::vector<std::size_t> indices_of(const model::NetworkPlan& plan,
                                    std::initializer_list<std::string_view> types) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    if (is_one_of(plan.layers[i], types)) found.push_back(i);
  }
  return found;
}

std::size_t number_of(const std::string& text, std::size_t none) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? value : none;
}

[[noreturn]] void refuse(const model::NetworkPlan& plan, const std::string& text) {
  std::vector<std::string_view> names{"output"};
  for (const LayerPlan& layer : plan.layers) names.emplace_back(layer.layer.name);
  const std::string near(core::nearest_name(text, names));
  throw core::Error(core::ExitCode::usage, "the model has no layer '" + core::printable(text) + "'",
                    near.empty() ? "'svhn info' lists its " + std::to_string(plan.layers.size()) +
                                       " layers; the first has the number 0"
                                 : "did you mean '" + near + "'?");
}

bool is_assignment(const model::NetworkPlan& plan) {
  const auto same = [](const LayerPlan& layer, std::string_view type) { return type_of(layer) == type; };
  return std::ranges::equal(plan.layers, kAssignmentTypes, same);
}

}  // namespace

LayerChoice find_layer(const model::NetworkPlan& plan, const std::string& text) {
  const std::size_t none = plan.layers.size();
  for (std::size_t i = 0; i < none; ++i) {
    if (plan.layers[i].layer.name == text) return choice(plan, i);
  }
  if (text == "output") {
    LayerChoice last = choice(plan, none - 1);
    last.softmax = true;
    return last;
  }
  const std::size_t number = number_of(text, none);
  if (number < none) return choice(plan, number);
  const auto same_type = indices_of(plan, {std::string_view(text)});
  if (same_type.size() != 1) refuse(plan, text);
  return choice(plan, same_type.front());
}

std::vector<LayerChoice> default_activation_layers(const model::NetworkPlan& plan) {
  std::vector<std::size_t> indices(kAssignmentLayers.begin(), kAssignmentLayers.end());
  if (!is_assignment(plan))
    indices = indices_of(plan, {"conv2d", "max_pool2d", "average_pool2d", "backbone"});
  if (indices.empty()) indices = indices_of(plan, {"dense"});
  std::vector<LayerChoice> layers;
  const std::size_t count = std::min(indices.size(), kMostDefaults);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = count == 1 ? 0 : i * (indices.size() - 1) / (count - 1);
    layers.push_back(choice(plan, indices[at]));
  }
  return layers;
}

LayerChoice default_embedding_layer(const model::NetworkPlan& plan) {
  for (std::size_t i = 1; i < plan.layers.size(); ++i) {
    if (is_one_of(plan.layers[i], {"flatten", "global_average_pool"})) return choice(plan, i);
  }
  const auto dense = indices_of(plan, {"dense"});
  const std::size_t last = dense.empty() ? plan.layers.size() - 1 : dense.back();
  return choice(plan, last > 0 ? last - 1 : 0);
}

std::vector<torch::Tensor> layer_outputs(network::Network& network, const torch::Tensor& images,
                                         std::span<const LayerChoice> layers) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> outputs(layers.size());
  const auto keep = [&](std::size_t index, const torch::Tensor& output) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].index != index) continue;
      const torch::Tensor read = layers[i].softmax ? at::softmax(output, 1) : output;
      outputs[i] = read.to(torch::kCPU, torch::kFloat32).contiguous();
    }
  };
  network.forward_visiting(images.to(network.device()), {}, keep);
  return outputs;
}

}  // namespace svhn::interpret
