#include "network/pretrained.h"

#include <torch/types.h>

#include <algorithm>

#include "core/error.h"
#include "model/backbones/backbone.h"
#include "network/network.h"
#include "network/ops/script.h"

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

void load_layer(const Network& network, const model::LayerSpan& layer, const model::BackboneSpec& spec) {
  check_named(spec);
  const model::Graph& graph = network.graph();
  const model::Graph own =
      model::backbone_graph(spec, graph.nodes[graph.nodes[layer.first].inputs[0]].output);
  const model::WeightSource source = model::open_weights(spec.weights);
  const auto arrays = model::match_weights(spec, own, source, spec.weights);
  // The layer's nodes have their tensors in the order of the backbone's own graph, as `arrays` has.
  auto array = arrays.begin();
  for (model::NodeId id = layer.first; id <= layer.last; ++id) {
    for (const torch::Tensor& tensor : network.state(id).tensors) copy_into(tensor, **array++);
  }
}

}  // namespace

void resolve_backbones(model::ModelSpec& spec) {
  model::resolve_variants(spec);
  for (model::LayerSpec& layer : spec.layers) {
    auto* backbone = std::get_if<model::BackboneSpec>(&layer.op);
    if (backbone != nullptr && backbone->backbone == model::kTorchScript)
      backbone->tensors = script_tensors(*backbone);
  }
}

void load_backbone_weights(Network& network) {
  for (const model::LayerSpan& layer : network.graph().layers) {
    const auto* spec = std::get_if<model::BackboneSpec>(&layer.spec.op);
    if (spec == nullptr || spec->backbone == model::kTorchScript || model::has_random_weights(*spec))
      continue;
    load_layer(network, layer, *spec);
  }
}

}  // namespace svhn::network
