#include "metric/confusion.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace svhn::metric {
namespace {

/// Class 0: 3 right, 1 predicted as 1. Class 1: 2 right, 2 predicted as 0. Class 2: 1 predicted as 0.
ConfusionCounts confusion_example() {
  ConfusionMatrix matrix;
  for (const auto& [t, p] :
       {std::pair(0, 0), {0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 1}, {1, 0}, {1, 0}, {2, 0}}) {
    matrix.add(t, p);
  }
  return matrix.value();
}

TEST(ConfusionMatrix, CountsTrueClassesInRows) {
  const ConfusionCounts counts = confusion_example();
  EXPECT_EQ(counts[0][1], 1);
  EXPECT_EQ(counts[1][0], 2);
  EXPECT_EQ(counts[2][0], 1);
  EXPECT_EQ(total_count(counts), 9);
  EXPECT_EQ(correct_count(counts), 5);
  EXPECT_DOUBLE_EQ(accuracy(counts), 5.0 / 9.0);
}

TEST(ConfusionMatrix, SharesOfShiftedClasses) {
  EXPECT_DOUBLE_EQ(shifted_accuracy(confusion_example(), 0), 5.0 / 9.0);
  EXPECT_DOUBLE_EQ(shifted_accuracy(confusion_example(), 1), 1.0 / 9.0);   // 0 as 1.
  EXPECT_DOUBLE_EQ(shifted_accuracy(confusion_example(), -1), 2.0 / 9.0);  // 1 as 0.
  ConfusionMatrix around;
  around.add(9, 0);
  EXPECT_EQ(shifted_accuracy(around.value(), 1), 1.0);
  EXPECT_EQ(shifted_accuracy({}, 1), 0.0);
}

TEST(ConfusionMatrix, StartsEmpty) {
  EXPECT_EQ(total_count(ConfusionMatrix().value()), 0);
  EXPECT_EQ(accuracy(ConfusionMatrix().value()), 0.0);
}

TEST(ConfusionMatrix, RefusesWhatIsNoClass) {
  ConfusionMatrix matrix;
  EXPECT_THROW(matrix.add(10, 0), core::Error);
  EXPECT_THROW(matrix.add(0, -1), core::Error);
  EXPECT_EQ(total_count(matrix.value()), 0);
}

TEST(ClassScores, AreThoseOfTheDefinitions) {
  const auto scores = class_scores(confusion_example());
  EXPECT_DOUBLE_EQ(scores[0].precision, 3.0 / 6.0);  // six predicted as class 0
  EXPECT_DOUBLE_EQ(scores[0].recall, 3.0 / 4.0);
  EXPECT_DOUBLE_EQ(scores[0].f1, 2 * 0.5 * 0.75 / (0.5 + 0.75));
  EXPECT_EQ(scores[0].support, 4);
  EXPECT_DOUBLE_EQ(scores[1].precision, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(scores[1].recall, 2.0 / 4.0);
  EXPECT_EQ(scores[9].class_index, 9);
}

TEST(ClassScores, CountADivisionByZeroAsZero) {
  const auto scores = class_scores(confusion_example());
  EXPECT_EQ(scores[2].precision, 0.0);  // never predicted
  EXPECT_EQ(scores[2].f1, 0.0);
  EXPECT_EQ(scores[7].recall, 0.0);  // does not occur
  EXPECT_EQ(scores[7].f1, 0.0);
}

TEST(MostConfused, ListsMistakesByFrequencyThenClass) {
  const auto pairs = most_confused(confusion_example());
  ASSERT_EQ(pairs.size(), 3U);
  EXPECT_EQ(pairs[0].true_class, 1);
  EXPECT_EQ(pairs[0].predicted, 0);
  EXPECT_EQ(pairs[0].count, 2);
  EXPECT_EQ(pairs[1].true_class, 0);
  EXPECT_EQ(pairs[2].true_class, 2);
  EXPECT_EQ(most_confused(confusion_example(), 1).size(), 1U);
}

TEST(WilsonInterval, MatchesAPublishedExample) {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263 -> 0.2553, 0.3662; 15/148 ->
  // 0.0624, 0.1605.
  const Interval a = wilson_interval(81, 263);
  EXPECT_NEAR(a.low, 0.2553, 5e-5);
  EXPECT_NEAR(a.high, 0.3662, 5e-5);
  const Interval b = wilson_interval(15, 148);
  EXPECT_NEAR(b.low, 0.0624, 5e-5);
  EXPECT_NEAR(b.high, 0.1605, 5e-5);
}

TEST(WilsonInterval, StaysInsideZeroAndOne) {
  // 0/20 -> 0, 0.1611 and 1/29 -> 0.0061, 0.1718 in the same table.
  EXPECT_EQ(wilson_interval(0, 20).low, 0.0);
  EXPECT_NEAR(wilson_interval(0, 20).high, 0.1611, 5e-5);
  EXPECT_NEAR(wilson_interval(1, 29).low, 0.0061, 5e-5);
  EXPECT_EQ(wilson_interval(20, 20).high, 1.0);
  EXPECT_NEAR(wilson_interval(20, 20).low, 1.0 - 0.1611, 5e-5);
  for (std::int64_t n = 1; n < 200; ++n) {
    EXPECT_EQ(wilson_interval(0, n).low, 0.0);
    EXPECT_EQ(wilson_interval(n, n).high, 1.0);
  }
  EXPECT_EQ(wilson_interval(0, 0).low, 0.0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1.0);
}

}  // namespace
}  // namespace svhn::metric
