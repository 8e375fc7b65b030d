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

double bin_edge(std::size_t bin) {
  return static_cast<double>(bin) / kCalibrationBins;
}

/// The bin with low < confidence <= high; compared with the edges that CalibrationMeter::value returns.
std::size_t bin_of(double confidence) {
  std::size_t bin = 0;
  while (bin + 1 < kCalibrationBins && confidence > bin_edge(bin + 1)) ++bin;
  return bin;
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

double brier_score(const Probabilities& probabilities, int true_class) {
  double sum = 0.0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double error = probabilities[i] - (i == class_slot(true_class) ? 1.0 : 0.0);
    sum += error * error;
  }
  return sum;
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

void CalibrationMeter::add(double confidence, bool correct) {
  Sums& sums = sums_[bin_of(confidence)];
  ++sums.count;
  sums.correct += correct ? 1 : 0;
  sums.confidence += confidence;
}

ReliabilityBins CalibrationMeter::value() const {
  ReliabilityBins bins{};
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const auto n = static_cast<double>(sums_[i].count);
    bins[i] = {bin_edge(i), bin_edge(i + 1), sums_[i].count, 0.0, 0.0};
    if (sums_[i].count == 0) continue;
    bins[i].confidence = sums_[i].confidence / n;
    bins[i].accuracy = static_cast<double>(sums_[i].correct) / n;
  }
  return bins;
}

double expected_calibration_error(const ReliabilityBins& bins) {
  double error = 0.0;
  double total = 0.0;
  for (const ReliabilityBin& bin : bins) {
    error += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
    total += static_cast<double>(bin.count);
  }
  return total == 0.0 ? 0.0 : error / total;
}

}  // namespace svhn::metric
