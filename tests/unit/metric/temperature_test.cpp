#include "metric/temperature.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "metric/scores.h"

namespace svhn::metric {
namespace {

/// N images whose first class has logit `z` above the others; a share of them are of that class, the others
/// of the second.
struct Case {
  std::vector<float> logits;
  std::vector<int> labels;
};

Case make_case(float z, int right, int wrong) {
  Case made;
  for (int i = 0; i < right + wrong; ++i) {
    std::array<float, kClasses> row{};
    row[0] = z;
    made.logits.insert(made.logits.end(), row.begin(), row.end());
    made.labels.push_back(i < right ? 0 : 1);
  }
  return made;
}

double loss(const Case& of, double temperature) {
  double sum = 0.0;
  for (std::size_t i = 0; i < of.labels.size(); ++i) {
    std::array<float, kClasses> row{};
    for (std::size_t k = 0; k < row.size(); ++k) {
      row[k] = static_cast<float>(of.logits[i * kClasses + k] / temperature);
    }
    sum += cross_entropy(row, of.labels[i]);
  }
  return sum;
}

TEST(FitTemperature, MakesTheProbabilityTheShareOfRightAnswers) {
  // The best z / T gives the first class the share 3/4 of the images that are of it:
  // e^x / (e^x + 9) = 3/4, x = log 27.
  const Case all = make_case(8.0F, 30, 10);
  EXPECT_NEAR(fit_temperature(all.logits, all.labels, 0.01, 100.0), 8.0 / std::log(27.0), 1e-7);
}

TEST(FitTemperature, IsBelowOneForTimidLogits) {
  const Case all = make_case(0.5F, 99, 1);
  EXPECT_NEAR(fit_temperature(all.logits, all.labels, 0.01, 100.0), 0.5 / std::log(99.0 * 9.0), 1e-7);
}

TEST(FitTemperature, HasTheSmallestLossOfItsNeighbours) {
  Case mixed = make_case(9.0F, 20, 3);
  const Case more = make_case(2.0F, 5, 6), huge = make_case(900.0F, 7, 0);
  for (const Case& other : {more, huge}) {
    mixed.logits.insert(mixed.logits.end(), other.logits.begin(), other.logits.end());
    mixed.labels.insert(mixed.labels.end(), other.labels.begin(), other.labels.end());
  }
  const double best = fit_temperature(mixed.logits, mixed.labels, 0.01, 100.0);
  EXPECT_LT(loss(mixed, best), loss(mixed, best * 1.001));
  EXPECT_LT(loss(mixed, best), loss(mixed, best / 1.001));
}

TEST(FitTemperature, EndsAtTheBounds) {
  const Case right = make_case(1.0F, 5, 0), wrong = make_case(1.0F, 0, 5);
  EXPECT_EQ(fit_temperature(right.logits, right.labels, 0.01, 100.0), 0.01);
  EXPECT_EQ(fit_temperature(wrong.logits, wrong.labels, 0.01, 100.0), 100.0);
}

TEST(FitTemperature, RefusesWhatDoesNotFit) {
  const Case all = make_case(1.0F, 1, 1);
  const std::vector<int> one{0}, none, bad{0, 10};
  EXPECT_THROW(fit_temperature(all.logits, one, 0.01, 100.0), core::Error);
  EXPECT_THROW(fit_temperature({}, none, 0.01, 100.0), core::Error);
  EXPECT_THROW(fit_temperature(all.logits, bad, 0.01, 100.0), core::Error);
}

}  // namespace
}  // namespace svhn::metric
