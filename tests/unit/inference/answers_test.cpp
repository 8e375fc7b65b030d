#include "inference/answers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/error.h"

namespace svhn::inference {
namespace {

/// Logits that are 0 but for one class of each image.
torch::Tensor logits_of(const std::vector<double>& fours) {
  torch::Tensor logits = at::zeros({static_cast<std::int64_t>(fours.size()), 10}, torch::kFloat32);
  for (std::size_t i = 0; i < fours.size(); ++i) logits[static_cast<std::int64_t>(i)][4] = fours[i];
  return logits;
}

double share(double logit) {
  return std::exp(logit) / (std::exp(logit) + 9.0);
}

double answer(const AnswerMean& mean, std::size_t image) {
  return probabilities_of(mean.logits())[image][4];
}

TEST(AnswerMean, AveragesProbabilities) {
  AnswerMean mean(2, Average::probabilities);
  mean.add(logits_of({3.0, 0.0}), 0.25);
  mean.add(logits_of({1.0, -2.0}), 0.75);
  EXPECT_NEAR(answer(mean, 0), 0.25 * share(3.0) + 0.75 * share(1.0), 1e-6);
  EXPECT_NEAR(answer(mean, 1), 0.25 * 0.1 + 0.75 * share(-2.0), 1e-6);
}

TEST(AnswerMean, AveragesLogits) {
  AnswerMean mean(1, Average::logits);
  mean.add(logits_of({3.0}), 0.25);
  mean.add(logits_of({1.0}), 0.75);
  EXPECT_NEAR(answer(mean, 0), share(1.5), 1e-6);
}

TEST(AnswerMean, BlendsTheViewsOfSomeImages) {
  AnswerMean mean(3, Average::probabilities), further(2, Average::probabilities);
  mean.add(logits_of({3.0, 1.0, 2.0}), 1.0);
  further.add(logits_of({0.0, -1.0}), 0.5);
  mean.blend(further, std::array<std::size_t, 2>{2, 1}, 0.5);
  EXPECT_NEAR(answer(mean, 0), share(3.0), 1e-6);
  EXPECT_NEAR(answer(mean, 1), (share(1.0) + share(-1.0)) / 2.0, 1e-6);
  EXPECT_NEAR(answer(mean, 2), (share(2.0) + 0.1) / 2.0, 1e-6);
}

TEST(AnswerMean, FindsTheUncertainImages) {
  AnswerMean mean(3, Average::probabilities);
  mean.add(logits_of({5.0, 1.0, 4.0}), 1.0);  // Probabilities 0.943, 0.232, 0.858.
  EXPECT_EQ(mean.below(0.9), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(mean.below(0.0), std::vector<std::size_t>{});
  EXPECT_EQ(mean.below(std::nullopt), (std::vector<std::size_t>{0, 1, 2}));
}

TEST(AnswerMean, KeepsProbabilitiesOfZero) {
  AnswerMean mean(1, Average::probabilities);
  mean.add(logits_of({5000.0}), 1.0);
  EXPECT_EQ(answer(mean, 0), 1.0);
  EXPECT_LT(mean.logits()[0][3].item().toFloat(), -700.0F);
}

TEST(AnswerMean, RefusesWhatIsNoNumber) {
  AnswerMean mean(1, Average::probabilities);
  try {
    mean.add(logits_of({-INFINITY}), 1.0);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::numeric);
  }
}

TEST(AnswerMean, RefusesAnotherNumberOfImages) {
  AnswerMean mean(2, Average::logits);
  EXPECT_THROW(mean.add(logits_of({1.0}), 1.0), core::Error);
}

}  // namespace
}  // namespace svhn::inference
