#pragma once
/// An exponential moving average of a network's weights and statistics.

#include <functional>
#include <optional>
#include <vector>

#include "network/network.h"

namespace svhn::train {

class WeightAverage {
 public:
  /// @param network borrowed; must outlive the average, which starts as a copy of it.
  /// @param decay share of the average that a step keeps, in (0, 1); unset: there is no average.
  WeightAverage(const network::Network& network, std::optional<double> decay);

  /// Moves the average towards the weights: average = decay average + (1 - decay) weights.
  void update();
  /// Calls `body` while the network holds the average, or as it is where there is none; the weights come back
  /// also when `body` throws.
  void use(const std::function<void()>& body) const;
  /// @returns the average's tensors as "average.<tensor>"; writing to them restores it.
  [[nodiscard]] const std::vector<network::NamedTensor>& tensors() const { return average_; }

 private:
  const network::Network& network_;
  double decay_ = 0.0;
  std::vector<network::NamedTensor> average_;  // In the network's order.
};

}  // namespace svhn::train
