#include "metric/scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/error.h"

namespace svhn::metric {
namespace {

using Logits = std::array<float, kClasses>;

TEST(Softmax, IsTheShareOfThePowers) {
  // Powers of logits log 1 .. log 10 are 1 .. 10, their sum is 55.
  Logits logits{};
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(std::log(static_cast<double>(i) + 1.0));
  const Probabilities probabilities = softmax(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    EXPECT_NEAR(probabilities[i], (static_cast<double>(i) + 1.0) / 55.0, 1e-7);
  }
  EXPECT_NEAR(cross_entropy(logits, 4), std::log(55.0 / 5.0), 1e-6);
}

TEST(Softmax, HoldsForTheLargestLogits) {
  const Logits logits{3e38F, -3e38F, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(softmax(logits)[0], 1.0);
  EXPECT_EQ(cross_entropy(logits, 0), 0.0);
  EXPECT_EQ(cross_entropy(logits, 1), 2.0 * static_cast<double>(3e38F));
}

TEST(BrierScore, SumsTheSquaresOfAllClasses) {
  EXPECT_DOUBLE_EQ(brier_score({0.5, 0.3, 0.2}, 0), 0.25 + 0.09 + 0.04);
  EXPECT_DOUBLE_EQ(brier_score({1.0}, 0), 0.0);
  EXPECT_DOUBLE_EQ(brier_score({1.0}, 9), 2.0);
}

TEST(TopClass, TakesTheLowestIndexOfATie) {
  EXPECT_EQ(top_class({0.1, 0.4, 0.4, 0.1}), 1);
  EXPECT_EQ(top_class(Probabilities{}), 0);
}

TEST(RankOf, CountsWhatStandsBefore) {
  const Probabilities probabilities{0.1, 0.3, 0.3, 0.2, 0.1};
  EXPECT_EQ(rank_of(probabilities, 1), 0);
  EXPECT_EQ(rank_of(probabilities, 2), 1);
  EXPECT_EQ(rank_of(probabilities, 3), 2);
  EXPECT_EQ(rank_of(probabilities, 0), 3);
  EXPECT_EQ(rank_of(probabilities, 4), 4);
  EXPECT_EQ(rank_of(probabilities, 9), 9);
}

TEST(Scores, RefuseWhatIsNoClass) {
  EXPECT_THROW(rank_of(Probabilities{}, 10), core::Error);
  EXPECT_THROW(cross_entropy(Logits{}, -1), core::Error);
  EXPECT_THROW(cross_entropy(Logits{}, 10), core::Error);
}

TEST(TopKMeter, CountsRanksBelowK) {
  TopKMeter meter;
  EXPECT_EQ(meter.value(3), 0.0);
  const Probabilities probabilities{0.5, 0.3, 0.2};
  for (const int true_class : {0, 1, 2, 3}) meter.add(probabilities, true_class);
  EXPECT_EQ(meter.value(1), 0.25);
  EXPECT_EQ(meter.value(2), 0.5);
  EXPECT_EQ(meter.value(3), 0.75);
  EXPECT_EQ(meter.value(10), 1.0);
}

TEST(MeanMeter, AveragesWhatWasAdded) {
  MeanMeter meter;
  EXPECT_EQ(meter.value(), 0.0);
  for (const double x : {1.0, 2.0, 6.0}) meter.add(x);
  EXPECT_EQ(meter.value(), 3.0);
  EXPECT_EQ(meter.count(), 3);
}

TEST(CalibrationMeter, PutsAnEdgeIntoTheLowerBin) {
  CalibrationMeter meter;
  meter.add(3.0 / 15.0, true);
  meter.add(3.0 / 15.0 + 1e-9, true);
  meter.add(0.0, false);
  meter.add(1.0, true);
  const ReliabilityBins bins = meter.value();
  EXPECT_EQ(bins[2].count, 1);
  EXPECT_EQ(bins[3].count, 1);
  EXPECT_EQ(bins[0].count, 1);
  EXPECT_EQ(bins[14].count, 1);
  EXPECT_DOUBLE_EQ(bins[2].high, 0.2);
  EXPECT_EQ(bins[14].high, 1.0);
}

TEST(ExpectedCalibrationError, WeighsTheGapsOfTheBins) {
  CalibrationMeter meter;
  // Bin (0.8667, 0.9333]: confidence 0.9, three of four right: gap 0.15. Bin (0.4667, 0.5333]: 0.5, one of
  // one: 0.5.
  for (const bool correct : {true, true, true, false}) meter.add(0.9, correct);
  meter.add(0.5, true);
  const ReliabilityBins bins = meter.value();
  EXPECT_NEAR(bins[13].confidence, 0.9, 1e-12);
  EXPECT_EQ(bins[13].accuracy, 0.75);
  EXPECT_NEAR(expected_calibration_error(bins), (4 * 0.15 + 1 * 0.5) / 5, 1e-12);
}

TEST(ExpectedCalibrationError, IsZeroForNothing) {
  EXPECT_EQ(expected_calibration_error(CalibrationMeter().value()), 0.0);
}

}  // namespace
}  // namespace svhn::metric
