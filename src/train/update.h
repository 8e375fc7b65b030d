#pragma once
/// One optimizer step over all trainable tensors, with a learning rate of its own for backbones.

#include <cstdint>
#include <memory>
#include <vector>

#include "network/network.h"
#include "train/optimizer.h"
#include "train/options/train_options.h"
#include "train/parameters.h"

namespace svhn::train {

class ParameterUpdate {
 public:
  /// Moves the network's trainable tensors into one flat buffer, see `FlatParameters`.
  ParameterUpdate(const network::Network& network, const TrainOptions& options);
  ~ParameterUpdate();

  /// Clips the gradients where the options say so, and changes the weights.
  /// @param rate the head's learning rate; a backbone's is scaled by backbone_learning_rate / learning_rate.
  /// @param step from 1.
  void step(double rate, std::int64_t step);
  [[nodiscard]] const FlatParameters& parameters() const { return parameters_; }
  /// @returns the optimizer's state as "optimizer.<slot>.<tensor>"; writing to them restores it.
  [[nodiscard]] std::vector<network::NamedTensor> tensors() const;

 private:
  /// Neighbours in the flat buffer with one learning rate.
  struct ProcessGroup {
    std::int64_t first = 0;
    std::int64_t count = 0;
    double factor = 1.0;  ///< Of the rate.
    std::unique_ptr<Optimizer> optimizer;
  };

  void make_groups(const network::Network& network, const TrainOptions& options);

  FlatParameters parameters_;
  std::optional<double> clip_norm_;
  std::vector<ProcessGroup> groups_;
};

}  // namespace svhn::train
