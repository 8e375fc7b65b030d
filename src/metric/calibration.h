#pragma once
/// Whether a model that says 90 % is right nine times out of ten.

#include <array>
#include <cstddef>
#include <cstdint>

namespace svhn::metric {

inline constexpr int kCalibrationBins = 15;

/// The predictions whose top probability lies in (low, high].
struct ReliabilityBin {
  double low = 0.0;
  double high = 0.0;
  std::int64_t count = 0;
  double confidence = 0.0;  ///< Mean top probability, 0 when empty.
  double accuracy = 0.0;    ///< Share of right predictions, 0 when empty.
};

using ReliabilityBins = std::array<ReliabilityBin, kCalibrationBins>;

/// Sorts predictions by their top probability into bins of equal width over (0, 1].
/// @see Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2
class CalibrationMeter {
 public:
  /// @param confidence the top probability, 0..1. @param correct whether that class was the true one.
  void add(double confidence, bool correct);
  /// @returns the bins from the lowest to the highest.
  [[nodiscard]] ReliabilityBins value() const;
  void reset() { *this = {}; }

 private:
  struct Sums {
    std::int64_t count = 0;
    std::int64_t correct = 0;
    double confidence = 0.0;
  };
  std::array<Sums, kCalibrationBins> sums_{};
};

/// @returns the mean of |accuracy - confidence| over the bins, weighted by their counts; 0 when all are
/// empty.
/// @see Guo et al. 2017, equation 3
double expected_calibration_error(const ReliabilityBins& bins);

}  // namespace svhn::metric
