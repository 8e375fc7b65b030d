#include "metric/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"

namespace svhn::metric {
namespace {

/// @returns logits of these probabilities, to float32's accuracy; a missing one is 0.
std::array<float, kClasses> logits_of(const std::vector<double>& probabilities) {
  std::array<float, kClasses> logits{};
  logits.fill(-100.0F);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    logits.at(i) = static_cast<float>(std::log(probabilities[i]));
  }
  return logits;
}

/// Four images of true class 0: top class right, second, third, and beyond the third.
EvaluationResult evaluation_example() {
  EvaluationMeter meter;
  meter.add_logits(0, logits_of({0.5, 0.25, 0.25}));
  meter.add_logits(0, logits_of({0.25, 0.5, 0.25}));
  meter.add_logits(0, logits_of({0.25, 0.39, 0.36}));
  meter.add_logits(0, logits_of({0.125, 0.25, 0.25, 0.375}));
  EvaluationResult result = meter.value();
  result.model = "model_2_1";
  result.split = "test";
  result.images_per_second = 1500.5;
  return result;
}

TEST(EvaluationMeter, GathersEveryScore) {
  const EvaluationResult result = evaluation_example();
  EXPECT_EQ(result.images, 4);
  EXPECT_EQ(result.accuracy, 0.25);
  EXPECT_NEAR(result.loss, (std::log(2.0) + std::log(4.0) + std::log(4.0) + std::log(8.0)) / 4, 1e-7);
  EXPECT_EQ(result.top_2_accuracy, 0.5);
  EXPECT_EQ(result.top_3_accuracy, 0.75);
  EXPECT_EQ(result.confusion[0][1], 2);
  EXPECT_EQ(result.confusion[0][3], 1);
  EXPECT_EQ(result.per_class[0].support, 4);
  ASSERT_EQ(result.most_confused.size(), 2U);
  EXPECT_EQ(result.most_confused[0].predicted, 1);
  // Bin (0.4667, 0.5333] holds two with 0.5, one right: no gap. 0.39 lies in (0.3333, 0.4], as 0.375 does.
  EXPECT_NEAR(result.expected_calibration_error, (0.39 + 0.375) / 4, 1e-7);
}

TEST(EvaluationMeter, PredictsFromLogits) {
  EvaluationMeter meter;
  const std::array<float, kClasses> logits{0.0F, 2.0F, 1.0F, -1.0F};
  const Prediction prediction = meter.add_logits(1, logits);
  const double sum = std::exp(2.0) + std::exp(1.0) + std::exp(-1.0) + 7.0;
  EXPECT_EQ(prediction.predicted, 1);
  EXPECT_NEAR(prediction.probabilities[1], std::exp(2.0) / sum, 1e-12);
  EXPECT_NEAR(prediction.loss, std::log(sum) - 2.0, 1e-12);
  EXPECT_EQ(meter.value().accuracy, 1.0);
}

TEST(EvaluationMeter, SmoothsLabelsInTheLossOnly) {
  EvaluationMeter meter(0.1);
  const std::array<float, kClasses> logits{1.0F};
  const double log_sum = std::log(std::exp(1.0) + 9.0);
  EXPECT_NEAR(meter.add_logits(0, logits).loss, log_sum - 1.0, 1e-7);
  // 0.9 (log_sum - 1) + 0.1 (log_sum - mean logit 0.1)
  EXPECT_NEAR(meter.value().loss, log_sum - 0.91, 1e-7);
}

TEST(EvaluationMeter, RefusesOutputThatIsNotFinite) {
  EvaluationMeter meter;
  meter.add_logits(0, std::array<float, kClasses>{});
  std::array<float, kClasses> logits{};
  logits[3] = std::numeric_limits<float>::quiet_NaN();
  try {
    meter.add_logits(0, logits);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::numeric);
    EXPECT_STREQ(error.what(), "the network's output for image 1 is not finite");
  }
  EXPECT_EQ(meter.value().images, 1);
}

TEST(EvaluationMeter, RefusesAnEmptySplit) {
  try {
    static_cast<void>(EvaluationMeter().value());
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_STREQ(error.what(), "there is no image to evaluate");
  }
}

TEST(EvaluationJson, HasTheKeysOfTheCommandInTheirOrder) {
  const auto json = evaluation_json(evaluation_example());
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{
                      "model", "split", "images", "loss", "accuracy", "accuracy_interval_95", "top_k",
                      "expected_calibration_error", "brier_score", "aurc", "coverage_curve", "digits",
                      "confusion_matrix", "per_class", "most_confused", "images_per_second"}));
  EXPECT_EQ(json["coverage_curve"].back()["coverage"], 1.0);
  EXPECT_EQ(json["coverage_curve"].back()["accuracy"], 0.25);
  EXPECT_EQ(json["digits"].dump(), "[1,2,3,4,5,6,7,8,9,0]");
  EXPECT_EQ(json["top_k"].dump(), R"({"2":0.5,"3":0.75})");
  EXPECT_EQ(json["confusion_matrix"][0].dump(), "[1,2,0,1,0,0,0,0,0,0]");
  EXPECT_EQ(json["confusion_matrix"].size(), 10U);
  EXPECT_EQ(json["per_class"][9].dump(), R"({"digit":0,"precision":0.0,"recall":0.0,"f1":0.0,"support":0})");
  EXPECT_EQ(json["per_class"][0].dump(), R"({"digit":1,"precision":1.0,"recall":0.25,"f1":0.4,"support":4})");
  EXPECT_EQ(json["most_confused"].dump(),
            R"([{"true":1,"predicted":2,"count":2},{"true":1,"predicted":4,"count":1}])");
  EXPECT_EQ(json["accuracy_interval_95"].size(), 2U);
  EXPECT_EQ(json["model"], "model_2_1");
  EXPECT_EQ(json["images_per_second"], 1500.5);
}

}  // namespace
}  // namespace svhn::metric
