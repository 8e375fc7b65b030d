#pragma once
/// The one place where a network meets a split: used by training, transfer, tuning, interpretation and
/// commands.

#include <cstdint>
#include <functional>
#include <span>

#include "data/batch.h"
#include "data/prepared.h"
#include "distributed/process_group.h"
#include "metric/evaluation.h"
#include "network/network.h"

namespace svhn::inference {

/// Images at a time. With 256 a layer's output of `q2_1` is past malloc's 32 MiB, and mapped anew each time.
inline constexpr std::int64_t kImagesAtATime = 128;

struct EvaluateOptions {
  std::int64_t batch_size = kImagesAtATime;
  kernels::Precision precision = kernels::Precision::float32;
  double label_smoothing = 0.0;  ///< Of the loss; training validates with its own.
  /// Instead of pixels: what is known at `first` for each row. Borrowed.
  const data::InputSource* inputs = nullptr;
  model::CutPoint first{};
  /// The processes that share the work, each with the same network and all calling at the same time; every
  /// one gets the whole result. Borrowed; nullptr: this one alone.
  distributed::ProcessGroup* group = nullptr;
  /// Called after each batch with the images done and those of this process' part; may throw to stop.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  /// Called for every image in split order: row in the data file, true class index, prediction; in a group by
  /// every process, when all have run.
  std::function<void(std::int64_t row, int true_class, const metric::Prediction&)> on_prediction;
};

/// Runs a split through a network in inference mode. The batches are those of one process also in a group,
/// so that with as many threads the results are the same bits.
/// @param plan the preprocessing of this split.
/// @returns all but `model`. @throws core::Error(data) when the split is empty,
/// core::Error(numeric) when a logit is not finite.
metric::EvaluationResult evaluate(network::Network& network, const data::PreparedData& data,
                                  data::Split split, const data::PreprocessPlan& plan,
                                  const EvaluateOptions& options);

}  // namespace svhn::inference
