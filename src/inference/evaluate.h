#pragma once
/// Evaluates a network on a split; shared by training, transfer, tuning, interpretation and commands.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "inference/session.h"
#include "metric/evaluation.h"

namespace svhn::inference {

struct EvaluateOptions {
  std::int64_t batch_size = kInferenceBatch;
  kernels::Precision precision = kernels::Precision::float32;
  double label_smoothing = 0.0;  ///< Of the loss, as in training.
  /// The activations at `cut` for each row, in place of pixels. Borrowed; nullptr: pixels.
  const data::InputSource* inputs = nullptr;
  model::NodeId cut = 0;  ///< The node whose output `inputs` are.
  /// The processes that share the work, each with the same network and all calling `evaluate` together; every
  /// one gets the full result. Borrowed; nullptr: this process only.
  distributed::ProcessGroup* group = nullptr;
  /// Called after each batch with the numbers of finished images and of this
  /// process' images; may throw to stop.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  /// Called for every image in split order with its row in the data file, true class index and prediction; in
  /// a group by every process, after all batches.
  std::function<void(std::int64_t row, int true_class, const metric::Prediction&)> on_prediction;
};

/// Evaluates a network on a split in inference mode. A group runs the batches that a single process would
/// run, so with the same number of threads the results are bit-identical.
/// @param plan the preprocessing of this split.
/// @returns all metrics; `model` is left empty.
/// @throws core::Error(data) when the split is empty, core::Error(numeric) when a logit is not finite.
metric::EvaluationResult evaluate(network::Network& network, const data::PreparedData& data,
                                  data::Split split, const data::PreprocessPlan& plan,
                                  const EvaluateOptions& options);

/// @returns the rows of a split. @throws core::Error(data) when it is empty.
std::span<const std::int64_t> rows_of(const data::PreparedData& data, data::Split split);

/// Measures logits that are there already.
/// @param logits f32 [images of the split,10], contiguous.
/// @param options its label smoothing and `on_prediction`.
/// @returns all metrics; `model` and `images_per_second` are left to the caller.
/// @throws core::Error(numeric) when a logit is not finite.
metric::EvaluationResult measure(const torch::Tensor& logits, const data::PreparedData& data,
                                 data::Split split, const EvaluateOptions& options);

/// Computes the logits of rows on every process of a group.
/// @returns f32 [rows,10].
torch::Tensor logits_of_rows(Session& session, const data::PreparedData& data,
                             const data::InputSource& inputs, std::span<const std::int64_t> rows,
                             const EvaluateOptions& options);

/// Predictions as CSV, one line per image, `row,true,predicted,p0,…,p9`: the row in the data file, the true
/// and the predicted digit, the probabilities of the digits 0 to 9.
class PredictionTable {
 public:
  /// @param true_class class index 0..9.
  void add(std::int64_t row, int true_class, const metric::Prediction& prediction);
  /// Writes the file atomically. @throws core::Error(data)
  void write(const std::filesystem::path& path) const;

 private:
  std::string text_ = "row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9\n";
};

}  // namespace svhn::inference
