#include "metric/calibration.h"

#include <algorithm>
#include <cmath>

namespace svhn::metric {
namespace {

double edge(std::size_t bin) {
  return static_cast<double>(bin) / kCalibrationBins;
}

/// The bin with low < confidence <= high; compared with the very edges that `value` reports.
std::size_t bin_of(double confidence) {
  std::size_t bin = 0;
  while (bin + 1 < kCalibrationBins && confidence > edge(bin + 1)) ++bin;
  return bin;
}

}  // namespace

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
    bins[i] = {edge(i), edge(i + 1), sums_[i].count, 0.0, 0.0};
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
