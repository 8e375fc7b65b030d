#pragma once
/// The update of the weights: gradient clipping, optimizer step, and an exponential moving average (EMA).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "network/network.h"
#include "train/optimizer.h"
#include "train/options/train_options.h"
#include "train/parameters.h"

namespace svhn::train {

/// Updates all trainable tensors; backbones may have another learning rate.
class ParameterUpdate {
 public:
  /// Moves the network's trainable tensors into a flat buffer, see `FlatParameters`.
  ParameterUpdate(const network::Network& network, const TrainOptions& options);
  ~ParameterUpdate();

  /// Clips the gradients if configured, and updates the weights.
  /// @param rate learning rate; for a backbone it is scaled by backbone_learning_rate / learning_rate.
  /// @param step from 1.
  void step(double rate, std::int64_t step);
  [[nodiscard]] const FlatParameters& parameters() const { return parameters_; }
  /// @returns the optimizer's tensors as "optimizer.<slot>.<tensor>"; writing to them restores the state.
  [[nodiscard]] std::vector<network::NamedTensor> tensors() const;

 private:
  /// A range of the flat buffer with one learning rate and weight decay.
  struct ParameterGroup {
    std::int64_t first = 0;
    std::int64_t count = 0;
    double factor = 1.0;  // Of the learning rate.
    bool decays = true;
    std::unique_ptr<Optimizer> optimizer;
  };

  void make_groups(const network::Network& network, const TrainOptions& options);

  FlatParameters parameters_;
  std::optional<double> clip_norm_;
  std::vector<ParameterGroup> groups_;
};

/// An exponential moving average of a network's weights and running statistics.
class WeightAverage {
 public:
  /// @param network borrowed; must outlive the average, which starts with its values.
  /// @param decay weight of the old average in a step, in (0, 1); unset: no averaging.
  WeightAverage(const network::Network& network, std::optional<double> decay);

  /// Moves the average towards the weights: average = decay average + (1 - decay) weights.
  void update();
  /// Calls `body` while the network holds the average, and restores the weights, also when `body` throws.
  /// Without averaging just calls `body`.
  void use(const std::function<void()>& body) const;
  /// @returns the average's tensors as "average.<tensor>"; writing to them restores the average.
  [[nodiscard]] const std::vector<network::NamedTensor>& tensors() const { return average_; }

 private:
  const network::Network& network_;
  double decay_ = 0.0;
  std::vector<network::NamedTensor> average_;  // In the order of the network's tensors.
};

}  // namespace svhn::train
