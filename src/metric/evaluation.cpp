#include "metric/evaluation.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "metric/label_smoothing.h"

namespace svhn::metric {
namespace {

using Json = nlohmann::ordered_json;

Json digits_json() {
  Json digits = Json::array();
  for (int i = 0; i < kClasses; ++i) digits.push_back(class_digit(i));
  return digits;
}

Json per_class_json(const EvaluationResult& result) {
  Json classes = Json::array();
  for (const ClassScore& score : result.per_class) {
    classes.push_back(Json{{"digit", class_digit(score.class_index)},
                           {"precision", score.precision},
                           {"recall", score.recall},
                           {"f1", score.f1},
                           {"support", score.support}});
  }
  return classes;
}

Json most_confused_json(const EvaluationResult& result) {
  Json pairs = Json::array();
  for (const ConfusedPair& pair : result.most_confused) {
    pairs.push_back(Json{{"true", class_digit(pair.true_class)},
                         {"predicted", class_digit(pair.predicted)},
                         {"count", pair.count}});
  }
  return pairs;
}

/// The cross-entropy with a smoothed target.
double smoothed_loss(std::span<const float, kClasses> logits, int true_class, double smoothing) {
  const double plain = cross_entropy(logits, true_class);
  if (smoothing <= 0.0) return plain;
  const SmoothedTarget<double> target(smoothing, kClasses);
  double others = 0.0;
  for (int i = 0; i < kClasses; ++i) others += i == true_class ? 0.0 : cross_entropy(logits, i);
  return target.label * plain + target.other * others;
}

}  // namespace

Prediction EvaluationMeter::add_logits(int true_class, std::span<const float, kClasses> logits) {
  const bool finite = std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); });
  if (!finite) {
    throw core::Error(core::ExitCode::numeric,
                      "the network's output for image " + std::to_string(loss_.count()) + " is not finite",
                      "the weights are damaged or training diverged; train again with a lower learning rate");
  }
  Prediction prediction;
  prediction.probabilities = softmax(logits);
  prediction.predicted = top_class(prediction.probabilities);
  prediction.loss = cross_entropy(logits, true_class);
  const double confidence = prediction.probabilities[class_slot(prediction.predicted)];
  confusion_.add(true_class, prediction.predicted);
  loss_.add(smoothed_loss(logits, true_class, smoothing_));
  top_k_.add(prediction.probabilities, true_class);
  calibration_.add(confidence, prediction.predicted == true_class);
  brier_.add(brier_score(prediction.probabilities, true_class));
  coverage_.add(confidence, prediction.predicted == true_class);
  return prediction;
}

EvaluationResult EvaluationMeter::value() const {
  EvaluationResult result;
  result.images = loss_.count();
  if (result.images == 0) {
    throw core::Error(core::ExitCode::data, "there is no image to evaluate",
                      "choose a split that is not empty; `svhn info` shows their sizes");
  }
  result.loss = loss_.value();
  result.confusion = confusion_.value();
  result.accuracy = accuracy(result.confusion);
  result.accuracy_interval_95 = wilson_interval(correct_count(result.confusion), result.images);
  result.top_2_accuracy = top_k_.value(2);
  result.top_3_accuracy = top_k_.value(3);
  result.reliability = calibration_.value();
  result.expected_calibration_error = expected_calibration_error(result.reliability);
  result.brier_score = brier_.value();
  result.coverage = coverage_.value();
  result.aurc = risk_coverage_area(result.coverage);
  result.per_class = class_scores(result.confusion);
  result.most_confused = metric::most_confused(result.confusion);
  return result;
}

nlohmann::ordered_json evaluation_json(const EvaluationResult& result) {
  Json json;
  json["model"] = result.model;
  json["split"] = result.split;
  json["images"] = result.images;
  json["loss"] = result.loss;
  json["accuracy"] = result.accuracy;
  json["accuracy_interval_95"] = {result.accuracy_interval_95.low, result.accuracy_interval_95.high};
  json["top_k"] = Json{{"2", result.top_2_accuracy}, {"3", result.top_3_accuracy}};
  json["expected_calibration_error"] = result.expected_calibration_error;
  json["brier_score"] = result.brier_score;
  json["aurc"] = result.aurc;
  json["coverage_curve"] = coverage_json(result.coverage);
  json["digits"] = digits_json();
  json["confusion_matrix"] = result.confusion;
  json["per_class"] = per_class_json(result);
  json["most_confused"] = most_confused_json(result);
  json["images_per_second"] = result.images_per_second;
  return json;
}

}  // namespace svhn::metric
