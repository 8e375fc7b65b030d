#pragma once
/// `svhn train`: trains a network from a config.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace svhn::cli {

/// What `train` and `transfer` share.
struct RunOptions {
  InputPath config;
  std::optional<InputPath> data;
  OutputFolder output = OutputFolder::of("models");
  std::vector<std::string> set;
  std::optional<std::uint64_t> seed;
  bool resume = false;
  bool overwrite = false;
  bool no_train = false;
  bool dry_run = false;
  bool find_lr = false;
  bool live_chart = false;  ///< Draws the accuracy on the terminal, too.
  bool json = false;
};

void add_run_options(CLI::App& command, RunOptions& options);

struct TrainCommandOptions : RunOptions {
  static constexpr CommandInfo kCommand{
      .name = "train",
      .description = "Train a network from a config",
      .example = "svhn train --config configs/q2_1.json --data data/svhn.safetensors --set train.epochs=14",
      .details =
          "Trains the network that a config describes on a prepared file. After each epoch it saves the "
          "model and its curves, and as often as the config says a checkpoint.\n\n--resume goes on from the "
          "last checkpoint, with the same result as without the break. Where there is a run already, svhn "
          "stops unless --resume or --overwrite is given.\n\n--set changes a value of the config: --set "
          "train.epochs=5, --set train.optimizer.type=sgd, --set model.layers.1.units=64 (elements of a list "
          "are counted from 0). svhn config schema describes all keys.\n\n--find-lr trains for 120 steps "
          "while the learning rate grows from 1e-5 to 10, and suggests a rate: the one at which the loss "
          "falls fastest (Smith 2017, the learning-rate range test).\n\n--seeds N trains N runs that differ "
          "in the seed alone, named NAME-seed1, NAME-seed2 and so on, and says mean and standard deviation "
          "of their accuracies."};

  std::optional<int> seeds;  ///< How many seeds to train, each a run of its own.
  ProcessOptions processes{};
};

void add_options(CLI::App& command, TrainCommandOptions& options);
int run_command(const TrainCommandOptions& options, const GlobalOptions& global);

}  // namespace svhn::cli
