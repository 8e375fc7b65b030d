#include "network/pretrained.h"

#include <torch/types.h>

#include <algorithm>
#include <unordered_map>

#include "core/error.h"
#include "network/backbone_layer.h"
#include "network/network.h"

namespace svhn::network {
namespace {

using core::Error;
using core::ExitCode;

std::string where_to_get(const std::string& backbone) {
  return "scripts/fetch_weights.sh " + backbone +
         " fetches them, 'svhn convert' reads .h5 and .pth; \"random\" starts without any";
}

void check_named(const model::BackboneSpec& spec) {
  if (spec.weights.empty())
    throw Error(ExitCode::model, spec.backbone + " has no weights", where_to_get(spec.backbone));
  if (std::filesystem::is_regular_file(spec.weights)) return;
  throw Error(ExitCode::model, spec.backbone + ": there is no weights file '" + spec.weights + "'",
              where_to_get(spec.backbone));
}

void copy_into(const torch::Tensor& target, const model::WeightArray& array) {
  const torch::NoGradGuard no_grad;
  torch::Tensor values = torch::empty(target.sizes(), torch::kFloat32);
  std::copy(array.values.begin(), array.values.end(), static_cast<float*>(values.data_ptr()));
  target.detach().copy_(values);
}

void load_layer(const Network& network, const model::LayerPlan& layer, const model::BackboneSpec& spec) {
  check_named(spec);
  const model::Graph graph = model::backbone_graph(spec, layer.input);
  const model::WeightSource source = model::open_weights(spec.weights);
  const auto arrays = model::match_weights(spec, graph, source, spec.weights);
  std::unordered_map<std::string, torch::Tensor> tensors;
  for (const NamedTensor& item : network.tensors()) tensors.emplace(item.name, item.tensor);
  // A layer's plan lists its tensors in the order of the graph, as `arrays` does.
  for (std::size_t i = 0; i < arrays.size(); ++i) copy_into(tensors.at(layer.tensors[i].name), *arrays[i]);
}

}  // namespace

void resolve_backbones(model::ModelSpec& spec) {
  model::resolve_variants(spec);
  for (model::LayerSpec& layer : spec.layers) {
    auto* backbone = std::get_if<model::BackboneSpec>(&layer.kind);
    if (backbone != nullptr && backbone->backbone == model::kTorchScript)
      backbone->tensors = script_tensors(*backbone);
  }
}

void load_backbone_weights(Network& network) {
  for (const model::LayerPlan& layer : network.plan().layers) {
    const auto* spec = std::get_if<model::BackboneSpec>(&layer.layer.kind);
    if (spec == nullptr || spec->backbone == model::kTorchScript || model::has_random_weights(*spec))
      continue;
    load_layer(network, layer, *spec);
  }
}

}  // namespace svhn::network
