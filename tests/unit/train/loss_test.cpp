#include "train/loss.h"

#include <cmath>

#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

using network::doubles;
using network::expect_near;
using torch::Tensor;

const Tensor kLabels = torch::tensor({2, 0}, torch::kInt64);

// Logits log(1, 2, 5) and log(4, 4, 2): probabilities 0.125, 0.25, 0.625 and 0.4, 0.4, 0.2.
Tensor logits() {
  return doubles({1, 2, 5, 4, 4, 2}, {2, 3}).log();
}

double loss(double smoothing, const Tensor& weights = {}) {
  return cross_entropy(logits(), smooth_targets(kLabels, 3, smoothing, torch::kFloat64), weights)
      .item()
      .toDouble();
}

TEST(SmoothTargets, AreOneHotWithoutSmoothing) {
  expect_near(smooth_targets(kLabels, 3, 0.0, torch::kFloat64), {0, 0, 1, 1, 0, 0});
}

// keras.io, CategoricalCrossentropy: with 0.3 over 3 classes 0.1 for the others and 0.8 for the label.
TEST(SmoothTargets, SpreadTheirShareEvenly) {
  const Tensor targets = smooth_targets(kLabels, 3, 0.3, torch::kFloat32);
  EXPECT_EQ(targets.scalar_type(), torch::kFloat32);
  expect_near(targets, {0.1, 0.1, 0.8, 0.8, 0.1, 0.1}, 1e-7);
}

TEST(CrossEntropy, IsTheBatchsMeanNegativeLogProbability) {
  EXPECT_NEAR(loss(0.0), -(std::log(0.625) + std::log(0.4)) / 2, 1e-14);
  const double smooth_one = 0.1 * std::log(0.125) + 0.1 * std::log(0.25) + 0.8 * std::log(0.625);
  const double smooth_two = 0.8 * std::log(0.4) + 0.1 * std::log(0.4) + 0.1 * std::log(0.2);
  EXPECT_NEAR(loss(0.3), -(smooth_one + smooth_two) / 2, 1e-14);
}

TEST(CrossEntropy, TakesLogitsThatWouldOverflow) {
  const Tensor extreme = doubles({1000, 0, -1000}, {1, 3});
  const Tensor target = doubles({0, 0, 1}, {1, 3});
  EXPECT_EQ(cross_entropy(extreme, target, {}).item().toDouble(), 2000.0);
}

// Keras turns class weights into sample weights and divides by the batch's size, not by the weights' sum.
TEST(CrossEntropy, WeighsImagesByTheirLabelAsKeras) {
  const Tensor weights = doubles({3, 100, 0.5}, {3});
  EXPECT_NEAR(loss(0.0, weights), -(0.5 * std::log(0.625) + 3 * std::log(0.4)) / 2, 1e-14);
  const double smooth_one = 0.1 * std::log(0.125) + 0.1 * std::log(0.25) + 0.8 * std::log(0.625);
  const double smooth_two = 0.8 * std::log(0.4) + 0.1 * std::log(0.4) + 0.1 * std::log(0.2);
  EXPECT_NEAR(loss(0.3, weights), -(0.5 * smooth_one + 3 * smooth_two) / 2, 1e-14);
}

// The gradient of the mean cross-entropy by a logit is (probability - target) / N.
TEST(CrossEntropy, HasTheTextbookGradient) {
  const Tensor x = logits().requires_grad_(true);
  cross_entropy(x, smooth_targets(kLabels, 3, 0.0, torch::kFloat64), {}).backward();
  expect_near(x.grad(), {0.0625, 0.125, -0.1875, -0.3, 0.2, 0.1});
}

TEST(WeightPenalty, AddsWhatTensorsAskFor) {
  const Tensor w = doubles({1, -2, 3}, {3});
  EXPECT_FALSE(weight_penalty({{"a", w}}).defined());
  // 0.5 (1 + 2 + 3) + 0.25 (1 + 4 + 9) + 2 (1 + 4 + 9)
  const Tensor penalty = weight_penalty({{"a", w, true, 0.5, 0.25}, {"b", w}, {"c", w, true, 0.0, 2.0}});
  EXPECT_NEAR(penalty.item().toDouble(), 3 + 3.5 + 28, 1e-14);
}

}  // namespace
}  // namespace svhn::train
