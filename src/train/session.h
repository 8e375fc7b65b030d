#pragma once
/// One run from its request to its files: opens the data, builds the network, resumes, trains and saves.

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
#include "model/cut_point.h"
#include "model/graph/spec.h"
#include "model/plan.h"
#include "network/network.h"
#include "train/data_parallel.h"
#include "train/observer.h"
#include "train/options/train_options.h"
#include "train/run_files.h"

namespace svhn::train {

/// What to do where the run's files exist already.
enum class ExistingRun { refuse, resume, overwrite };

/// A network before its training, for those who run its frozen layers ahead.
struct FeatureContext {
  network::Network* network = nullptr;
  const data::PreparedData* data = nullptr;
  data::Preprocessing preprocessing;
  kernels::Precision precision = kernels::Precision::float32;
  bool augmented = false;  ///< Each epoch sees other images.
  distributed::ProcessGroup* group =
      nullptr;  ///< The run's processes, which all make the features at the same time.
};

/// What is known at `place` for each row; empty: the network takes pixels.
struct Features {
  std::shared_ptr<const data::InputSource> inputs;
  model::CutPoint cut{};
};
using MakeFeatures = std::function<Features(const FeatureContext&)>;

struct SessionRequest {
  std::string name;
  data::DataOptions data;
  model::ModelSpec model;
  TrainOptions train;
  std::string config;  ///< The resolved config, JSON.
  std::filesystem::path output = "models";
  ExistingRun existing = ExistingRun::refuse;
  torch::Device device = torch::kCPU;
  /// Data that is open already, or divided otherwise than its file; empty: `data.file` is opened.
  std::shared_ptr<const data::PreparedData> opened;
  MakeFeatures make_features{};  ///< Asked once, when a run starts; empty: layers run in every epoch.
  model::CutPoint frozen{};      ///< What `make_features` runs ahead, for the dry run's estimate.
  /// The processes of a data-parallel run, each with a session of the same request (but paths) and making the
  /// same calls; borrowed. Rank 0 alone reads weights and checkpoints, writes files and has observers: the
  /// others need no folder in common with it. nullptr: this process alone.
  distributed::ProcessGroup* group = nullptr;
};

/// Asked after each epoch but the last: whether to end here, with a checkpoint to go on from.
using PauseRule = std::function<bool(const TrainingState& state)>;

/// What `--dry-run` tells.
struct DryRun {
  double seconds_per_step = 0.0;
  double seconds_total = 0.0;   ///< Training and validation of all epochs.
  double peak_megabytes = 0.0;  ///< Resident memory of this process so far (2^20 bytes).
  double checkpoint_megabytes = 0.0;
  double features_megabytes = 0.0;  ///< Of the file of the frozen layers' features; 0: none is made.
};

class Session {
 public:
  /// Opens and builds everything and reads the checkpoint; writes nothing.
  /// @throws core::Error usage: a run is there already; data, config, model: see the parts.
  explicit Session(SessionRequest request);
  ~Session();

  /// Creates the run folder, so that an unwritable one is known before anything is said or trained; `run`
  /// does it too. @throws core::Error(data)
  void open();
  /// Trains to the end and leaves all files, unless `pause` ends it before; then there is no model file but
  /// the best one. @returns whether the end was reached. @throws as Trainer::run
  bool run(const std::vector<TrainObserver*>& observers, const PauseRule& pause = {});
  /// Times a few steps and writes nothing; call it instead of `run`, since it changes the weights. All
  /// processes of a group must; each gets its own numbers.
  DryRun dry_run();

  [[nodiscard]] const model::NetworkPlan& plan() const;
  [[nodiscard]] const data::PreparedData& data() const;
  [[nodiscard]] const RunFiles& files() const;
  [[nodiscard]] const TrainingState& state() const;
  [[nodiscard]] bool resumed() const;  ///< A checkpoint was found and read.
  /// @returns the threads that the checkpoint was trained with; 0 without one.
  [[nodiscard]] int former_threads() const;
  /// @returns the processes that trained it; 0 without one.
  [[nodiscard]] int former_processes() const;
  /// @returns what exchanging between processes has cost.
  [[nodiscard]] ReductionReport reduction() const;
  [[nodiscard]] kernels::Precision precision() const;
  [[nodiscard]] std::int64_t steps_per_epoch() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// @returns the seconds that one image takes up to `place`, by one batch.
double seconds_per_image(network::Network& network, kernels::Precision precision, model::CutPoint cut);

/// @returns what the data is, wherever it lies: its origin (with checksums), labels and splits, in a number.
std::string data_fingerprint(const data::PreparedData& data);

}  // namespace svhn::train
