#pragma once
/// The result of evaluating a model on a split: filled by `evaluate`, printed by `cli`, drawn by `report`.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "metric/confusion.h"
#include "metric/coverage.h"
#include "metric/scores.h"

namespace svhn::metric {

struct EvaluationResult {
  std::string model;  ///< The model's name; left to the caller.
  std::string split;  ///< "train", "val" or "test"; left to the caller.
  std::int64_t images = 0;
  double loss = 0.0;  ///< Mean cross-entropy, natural logarithm.
  double accuracy = 0.0;
  Interval accuracy_interval_95;  ///< Wilson's.
  double top_2_accuracy = 0.0;
  double top_3_accuracy = 0.0;
  double expected_calibration_error = 0.0;
  double brier_score = 0.0;  ///< Mean, see scores.h.
  ConfusionCounts confusion{};
  std::array<ClassScore, kClasses> per_class{};
  std::vector<ConfusedPair> most_confused;  ///< At most ten.
  ReliabilityBins reliability{};            ///< Not part of the JSON.
  CoverageCurve coverage{};                 ///< Empty where it is not known.
  double aurc = 0.0;                        ///< See risk_coverage_area.
  double images_per_second = 0.0;           ///< Left to the caller.
};

/// The prediction of one image.
struct Prediction {
  int predicted = 0;  ///< Class index 0..9.
  double loss = 0.0;  ///< Cross-entropy with the label, without smoothing.
  Probabilities probabilities{};
};

/// Makes an `EvaluationResult` of predictions that are added one by one.
class EvaluationMeter {
 public:
  EvaluationMeter() = default;
  /// @param label_smoothing share of each target that is spread evenly over all classes, [0, 1): the loss is
  /// the cross-entropy with the smoothed target, as in training.
  explicit EvaluationMeter(double label_smoothing) : smoothing_(label_smoothing) {}

  /// @param true_class 0..9. @param logits f32 [10], the network's output before softmax.
  /// @returns the prediction that was counted. @throws core::Error(numeric) when a logit is not finite.
  Prediction add_logits(int true_class, std::span<const float, kClasses> logits);
  /// @throws core::Error(data) when nothing was added.
  [[nodiscard]] EvaluationResult value() const;

 private:
  double smoothing_ = 0.0;
  ConfusionMatrix confusion_;
  MeanMeter loss_;
  TopKMeter top_k_;
  CalibrationMeter calibration_;
  MeanMeter brier_;
  CoverageMeter coverage_;
};

/// @returns the document of `svhn evaluate --json`: model, split, images, loss, accuracy,
/// accuracy_interval_95, top_k, expected_calibration_error, brier_score, aurc, coverage_curve, digits,
/// confusion_matrix (row true, column predicted, in the order of digits), per_class, most_confused (digits)
/// and images_per_second, in this order.
nlohmann::ordered_json evaluation_json(const EvaluationResult& result);

}  // namespace svhn::metric
