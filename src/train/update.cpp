#include "train/update.h"

#include <set>
#include <string>
#include <variant>

namespace svhn::train {
namespace {

std::vector<network::NamedTensor> trainable_tensors(const network::Network& network) {
  std::vector<network::NamedTensor> found;
  for (const auto& item : network.tensors()) {
    if (item.trainable) found.push_back(item);
  }
  return found;
}

std::set<std::string> backbone_tensors(const model::NetworkPlan& plan) {
  std::set<std::string> names;
  for (const auto& layer : plan.layers) {
    if (!std::holds_alternative<model::BackboneSpec>(layer.layer.kind)) continue;
    for (const auto& tensor : layer.tensors) names.insert(tensor.name);
  }
  return names;
}

}  // namespace

ParameterUpdate::ParameterUpdate(const network::Network& network, const TrainOptions& options)
    : parameters_(trainable_tensors(network)), clip_norm_(options.clip_norm) {
  make_groups(network, options);
}

ParameterUpdate::~ParameterUpdate() = default;

void ParameterUpdate::make_groups(const network::Network& network, const TrainOptions& options) {
  const auto own = options.optimizer.backbone_learning_rate;
  const double scaled = own ? *own / options.optimizer.learning_rate : 1.0;
  const std::set<std::string> backbone = backbone_tensors(network.plan());
  std::int64_t at = 0;
  for (const auto& item : parameters_.tensors()) {
    const double factor = backbone.contains(item.name) ? scaled : 1.0;
    if (groups_.empty() || groups_.back().factor != factor) groups_.push_back({at, 0, factor, nullptr});
    groups_.back().count += item.tensor.numel();
    at += item.tensor.numel();
  }
  for (ProcessGroup& group : groups_) {
    const auto like = parameters_.values().narrow(0, group.first, group.count);
    group.optimizer = make_optimizer(options.optimizer, options.framework_compat, like);
  }
}

void ParameterUpdate::step(double rate, std::int64_t step) {
  const torch::NoGradGuard no_grad;
  if (clip_norm_) parameters_.clip_norm(*clip_norm_);
  for (const ProcessGroup& group : groups_) {
    const auto part = [&](const torch::Tensor& flat) { return flat.narrow(0, group.first, group.count); };
    group.optimizer->step(part(parameters_.values()), part(parameters_.gradients()), rate * group.factor,
                          step);
  }
}

std::vector<network::NamedTensor> ParameterUpdate::tensors() const {
  std::vector<network::NamedTensor> tensors;
  for (const ProcessGroup& group : groups_) {
    for (const auto& [name, flat] : group.optimizer->state()) {
      const auto views = parameters_.split(flat, "optimizer." + name + ".", group.first);
      tensors.insert(tensors.end(), views.begin(), views.end());
    }
  }
  return tensors;
}

}  // namespace svhn::train
