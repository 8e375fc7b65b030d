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

std::set<std::string> backbone_tensors(const model::Graph& graph) {
  std::set<std::string> names;
  for (model::NodeId id = 1; id < graph.nodes.size(); ++id) {
    if (!std::holds_alternative<model::BackboneSpec>(graph.layer_of(id).spec.op)) continue;
    for (const auto& tensor : graph.nodes[id].tensors) names.insert(tensor.name);
  }
  return names;
}

using Tensors = std::vector<torch::Tensor>;

/// Restores a network's tensors in its destructor.
class Restore {
 public:
  explicit Restore(const std::vector<network::NamedTensor>& tensors) : tensors_(tensors) {
    for (const auto& item : tensors) saved_.push_back(item.tensor.detach().clone());
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  ~Restore() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < saved_.size(); ++i) tensors_[i].tensor.detach().copy_(saved_[i]);
  }

 private:
  const std::vector<network::NamedTensor>& tensors_;
  Tensors saved_;
};

}  // namespace

ParameterUpdate::ParameterUpdate(const network::Network& network, const TrainOptions& options)
    : parameters_(trainable_tensors(network)), clip_norm_(options.clip_norm) {
  make_groups(network, options);
}

ParameterUpdate::~ParameterUpdate() = default;

void ParameterUpdate::make_groups(const network::Network& network, const TrainOptions& options) {
  const auto own = options.optimizer.backbone_learning_rate;
  const double scaled = own ? *own / options.optimizer.learning_rate : 1.0;
  const std::set<std::string> backbone = backbone_tensors(network.graph());
  std::int64_t at = 0;
  for (const auto& item : parameters_.tensors()) {
    const double factor = backbone.contains(item.name) ? scaled : 1.0;
    const bool decays = options.optimizer.decay_bias_and_norm || item.tensor.dim() > 1;
    if (groups_.empty() || groups_.back().factor != factor || groups_.back().decays != decays) {
      groups_.push_back({at, 0, factor, decays, nullptr});
    }
    groups_.back().count += item.tensor.numel();
    at += item.tensor.numel();
  }
  for (ParameterGroup& group : groups_) {
    const auto like = parameters_.values().narrow(0, group.first, group.count);
    OptimizerOptions own_options = options.optimizer;
    if (!group.decays) own_options.weight_decay = 0.0;
    group.optimizer = make_optimizer(own_options, options.framework_compat, like);
  }
}

void ParameterUpdate::step(double rate, std::int64_t step) {
  const torch::NoGradGuard no_grad;
  if (clip_norm_) parameters_.clip_norm(*clip_norm_);
  for (const ParameterGroup& group : groups_) {
    const auto part = [&](const torch::Tensor& flat) { return flat.narrow(0, group.first, group.count); };
    group.optimizer->step(part(parameters_.values()), part(parameters_.gradients()), rate * group.factor,
                          step);
  }
}

std::vector<network::NamedTensor> ParameterUpdate::tensors() const {
  std::vector<network::NamedTensor> tensors;
  for (const ParameterGroup& group : groups_) {
    for (const auto& [name, flat] : group.optimizer->state()) {
      const auto views = parameters_.split(flat, "optimizer." + name + ".", group.first);
      tensors.insert(tensors.end(), views.begin(), views.end());
    }
  }
  return tensors;
}

WeightAverage::WeightAverage(const network::Network& network, std::optional<double> decay)
    : network_(network), decay_(decay.value_or(0.0)) {
  if (!decay) return;
  for (const auto& item : network.tensors()) {
    average_.push_back({"average." + item.name, item.tensor.detach().clone(), false});
  }
}

void WeightAverage::update() {
  const torch::NoGradGuard no_grad;
  const auto& tensors = network_.tensors();
  for (std::size_t i = 0; i < average_.size(); ++i) {
    average_[i].tensor.lerp_(tensors[i].tensor.detach(), 1.0 - decay_);
  }
}

void WeightAverage::use(const std::function<void()>& body) const {
  if (average_.empty()) return body();
  const torch::NoGradGuard no_grad;
  const auto& tensors = network_.tensors();
  const Restore restore(tensors);
  for (std::size_t i = 0; i < average_.size(); ++i) {
    tensors[i].tensor.detach().copy_(average_[i].tensor);
  }
  body();
}

}  // namespace svhn::train
