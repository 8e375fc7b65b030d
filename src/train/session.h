#pragma once
/// A training run: opens the data, builds the network, resumes, trains and saves.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/options.h"
#include "data/prepared.h"
#include "distributed/process_group.h"
#include "kernels/hardware.h"
#include "metric/range_test.h"
#include "model/graph/graph.h"
#include "model/graph/spec.h"
#include "model/plan.h"
#include "network/network.h"
#include "train/data_parallel.h"
#include "train/observer.h"
#include "train/options/train_options.h"
#include "train/run_files.h"

namespace svhn::config {
struct RunConfig;
}

namespace svhn::train {

/// What to do if files of the run exist.
enum class ExistingRun { refuse, resume, overwrite };

/// The input of `MakeFeatures`: a network before training, and its data.
struct FeatureContext {
  network::Network* network = nullptr;
  const data::PreparedData* data = nullptr;
  data::Preprocessing preprocessing;
  kernels::Precision precision = kernels::Precision::float32;
  bool augmented = false;                      ///< Images differ between epochs.
  distributed::ProcessGroup* group = nullptr;  ///< The run's processes, which all call together.
};

/// Cached activations at `cut` for each row; empty: the network takes pixels.
struct Features {
  std::shared_ptr<const data::InputSource> inputs;
  model::NodeId cut = 0;
};
using MakeFeatures = std::function<Features(const FeatureContext&)>;

/// The description of a run.
struct SessionRequest {
  std::string name;
  data::DataOptions data;
  model::ModelSpec model;
  TrainOptions train;
  std::string config;  ///< The resolved config, JSON.
  std::filesystem::path output = "models";
  ExistingRun existing = ExistingRun::refuse;
  torch::Device device = torch::kCPU;
  /// Data that is open, possibly with other splits than its file; empty: `data.file` is opened.
  std::shared_ptr<const data::PreparedData> opened;
  MakeFeatures make_features{};  ///< Called once when a run starts; empty: no caching.
  model::NodeId frozen = 0;      ///< Where `make_features` will cut, for a dry run's estimate.
  /// The processes of a data-parallel run; borrowed; nullptr: this process only. Each process has a session
  /// of the same request, except for paths, and makes the same calls. Only rank 0 reads weights and
  /// checkpoints, writes files and has observers, so no shared folder is needed.
  distributed::ProcessGroup* group = nullptr;
};

/// @returns the request of a config's run with default output folder, device and data; the caller sets
/// others.
SessionRequest session_request(const config::RunConfig& config);

/// Called after each epoch but the last; true: save a checkpoint and end, to be resumed later.
using PauseRule = std::function<bool(const TrainingState& state)>;

/// The estimates of `--dry-run`.
struct DryRun {
  double seconds_per_step = 0.0;
  double seconds_total = 0.0;         ///< Training and validation of all epochs.
  double peak_megabytes = 0.0;        ///< Resident memory of this process so far (2^20 bytes).
  double checkpoint_megabytes = 0.0;  ///< Size of a checkpoint (2^20 bytes).
  double features_megabytes = 0.0;    ///< Size of the feature file (2^20 bytes); 0: no caching.
};

/// One training run. If its folder is removed meanwhile, it is made again with all that the run still needs.
class Session {
 public:
  /// Opens the data, builds the network and reads the checkpoint if there is one; writes nothing.
  /// @throws core::Error(usage) when the run exists; errors of data, config and model as their modules.
  explicit Session(SessionRequest request);
  ~Session();

  /// Creates the run folder, to report an unwritable one early, and locks it; `run` calls it too.
  /// @throws core::Error(data) when that fails; (usage) when a file of the run is one that it reads, and when
  /// another process writes the run or has done so since this object was made.
  void open();
  /// @returns whether other processes are kept from writing the run; false on a file system without locks.
  [[nodiscard]] bool exclusive() const;
  /// Trains to the end and writes all files. If `pause` ends it earlier, the best model is the only model
  /// file.
  /// @returns whether the end was reached. @throws as Trainer::run
  bool run(const std::vector<TrainObserver*>& observers, const PauseRule& pause = {});
  /// Times a few steps and writes nothing. It changes the weights, so do not call `run` afterwards. All
  /// processes of a group must call it together; each gets its own estimates.
  DryRun dry_run();
  /// Runs a learning-rate range test and writes nothing. It changes the weights, so do not call `run`
  /// afterwards. All processes of a group must call it together. @throws core::Interrupted
  metric::RangeTest range_test();

  [[nodiscard]] const model::Graph& graph() const;
  [[nodiscard]] const data::PreparedData& data() const;
  /// @returns of what the validation accuracies are, see data::split_fingerprint.
  [[nodiscard]] const std::string& val_fingerprint() const;
  [[nodiscard]] const RunFiles& files() const;
  [[nodiscard]] const TrainingState& state() const;
  [[nodiscard]] bool resumed() const;  ///< Whether a checkpoint was read.
  /// @returns the number of threads that trained the checkpoint; 0 without one.
  [[nodiscard]] int former_threads() const;
  /// @returns the number of processes that trained the checkpoint; 0 without one.
  [[nodiscard]] int former_processes() const;
  /// @returns the cost of communication between the processes.
  [[nodiscard]] ReductionReport reduction() const;
  [[nodiscard]] kernels::Precision precision() const;
  [[nodiscard]] std::int64_t steps_per_epoch() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Times a forward pass of one batch up to a cut. @returns seconds per image.
double seconds_per_image(network::Network& network, kernels::Precision precision, model::NodeId cut);

}  // namespace svhn::train
