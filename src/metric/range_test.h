#pragma once
/// The learning-rate range test: the rate grows exponentially from step to step while the loss is watched.
/// @see Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv 1506.01186), section 3.3

#include <cstdint>
#include <optional>
#include <vector>

namespace svhn::metric {

/// A step of the test.
struct RangePoint {
  double rate = 0.0;
  double loss = 0.0;      ///< Of the step's batch, before its update.
  double smoothed = 0.0;  ///< Exponential moving average of the losses, bias corrected.
};

/// What the curve says.
struct RangeSuggestion {
  double steepest = 0.0;  ///< Rate where the smoothed loss falls fastest along log(rate).
  double minimum = 0.0;   ///< Rate of the smallest smoothed loss.
};

/// Collects the steps of a test.
class RangeTest {
 public:
  static constexpr double kLowest = 1e-5;
  static constexpr double kHighest = 10.0;
  static constexpr std::int64_t kSteps = 120;  ///< 20 in each decade.
  static constexpr double kSmoothing = 0.9;    ///< Weight of the old average.
  static constexpr double kDiverged = 4.0;     ///< Ends the test at this multiple of the smallest loss.

  /// @returns the rate of the next step.
  [[nodiscard]] double rate() const;
  /// Adds the next step. @param loss may be infinite or NaN, which ends the test.
  void add(double loss);
  /// @returns whether all steps are done or the loss has diverged.
  [[nodiscard]] bool ended() const { return diverged_ || points_.size() == kSteps; }
  [[nodiscard]] bool diverged() const { return diverged_; }
  [[nodiscard]] const std::vector<RangePoint>& points() const { return points_; }
  /// @returns unset where the loss never fell.
  [[nodiscard]] std::optional<RangeSuggestion> suggestion() const;

 private:
  std::vector<RangePoint> points_;
  double average_ = 0.0;
  double smallest_ = 0.0;
  bool diverged_ = false;
};

}  // namespace svhn::metric
