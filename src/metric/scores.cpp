#include "metric/scores.h"

#include <algorithm>
#include <cmath>

namespace svhn::metric {
namespace {

double log_sum_exp(std::span<const float, kClasses> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

}  // namespace

Probabilities softmax(std::span<const float, kClasses> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  Probabilities probabilities{};
  double sum = 0.0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    probabilities[i] = std::exp(static_cast<double>(logits[i]) - largest);
    sum += probabilities[i];
  }
  for (double& p : probabilities) p /= sum;
  return probabilities;
}

double cross_entropy(std::span<const float, kClasses> logits, int true_class) {
  return log_sum_exp(logits) - static_cast<double>(logits[class_slot(true_class)]);
}

double cross_entropy(const Probabilities& probabilities, int true_class) {
  constexpr double kEpsilon = 1e-7;
  return -std::log(std::clamp(probabilities[class_slot(true_class)], kEpsilon, 1.0 - kEpsilon));
}

int top_class(const Probabilities& probabilities) {
  return static_cast<int>(std::max_element(probabilities.begin(), probabilities.end()) -
                          probabilities.begin());
}

int rank_of(const Probabilities& probabilities, int true_class) {
  const auto self = class_slot(true_class);
  int rank = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const bool tie_before = probabilities[i] == probabilities[self] && i < self;
    if (probabilities[i] > probabilities[self] || tie_before) ++rank;
  }
  return rank;
}

void TopKMeter::add(const Probabilities& probabilities, int true_class) {
  ++ranks_[static_cast<std::size_t>(rank_of(probabilities, true_class))];
}

double TopKMeter::value(int k) const {
  std::int64_t total = 0;
  std::int64_t within = 0;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    total += ranks_[rank];
    if (static_cast<int>(rank) < k) within += ranks_[rank];
  }
  return total == 0 ? 0.0 : static_cast<double>(within) / static_cast<double>(total);
}

}  // namespace svhn::metric
