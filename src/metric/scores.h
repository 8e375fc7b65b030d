#pragma once
/// Losses, top-k accuracy and calibration: scores that need the probabilities of all C = 10 classes, by class
/// index (see classes.h). A `true_class` outside 0..9 throws core::Error(bug).

#include <array>
#include <cstdint>
#include <span>

#include "metric/classes.h"

namespace svhn::metric {

/// Softmax. @param logits f32 [C], finite. @returns f64 [C].
Probabilities softmax(std::span<const float, kClasses> logits);

/// Cross-entropy of logits, without overflow for any finite logits.
/// @param logits f32 [C], finite. @returns -log softmax(logits)[true_class].
double cross_entropy(std::span<const float, kClasses> logits, int true_class);

/// The Brier score of one image: the sum over the classes of (probability - 1 for the true class, else 0)^2,
/// from 0 to 2. @see Brier, "Verification of forecasts expressed in terms of probability", 1950
double brier_score(const Probabilities& probabilities, int true_class);

/// @returns the class of the largest probability; of equal ones the lowest class index.
int top_class(const Probabilities& probabilities);

/// @returns the rank of `true_class`, 0..9: the number of classes with a larger probability, or with the same
/// one and a lower index. (scikit-learn's top_k_accuracy_score puts the higher index first.)
int rank_of(const Probabilities& probabilities, int true_class);

/// Mean of numbers that are added one by one, for example losses.
class MeanMeter {
 public:
  void add(double x) {
    sum_ += x;
    ++count_;
  }
  /// @returns the mean; 0 without numbers.
  [[nodiscard]] double value() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }
  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  double sum_ = 0.0;
  std::int64_t count_ = 0;
};

/// Top-k accuracy for every k at once: share of the images whose true class is among the k most probable
/// ones.
class TopKMeter {
 public:
  /// @param true_class 0..9.
  void add(const Probabilities& probabilities, int true_class);
  /// @param k 1..10. @returns the share; 0 without images.
  [[nodiscard]] double value(int k) const;

 private:
  std::array<std::int64_t, kClasses> ranks_{};
};

inline constexpr int kCalibrationBins = 15;

/// The predictions whose top probability is in (low, high].
struct ReliabilityBin {
  double low = 0.0;
  double high = 0.0;
  std::int64_t count = 0;
  double confidence = 0.0;  ///< Mean top probability; 0 when empty.
  double accuracy = 0.0;    ///< Share of right predictions; 0 when empty.
};

using ReliabilityBins = std::array<ReliabilityBin, kCalibrationBins>;

/// Counts predictions in bins of their top probability, of equal width over (0, 1].
/// @see Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2
class CalibrationMeter {
 public:
  /// @param confidence the top probability, 0..1. @param correct whether that class is the true one.
  void add(double confidence, bool correct);
  /// @returns the bins, lowest first.
  [[nodiscard]] ReliabilityBins value() const;

 private:
  struct Sums {
    std::int64_t count = 0;
    std::int64_t correct = 0;
    double confidence = 0.0;
  };
  std::array<Sums, kCalibrationBins> sums_{};
};

/// Expected calibration error: the mean of |accuracy - confidence| over the bins, weighted by their counts.
/// @returns 0 when all bins are empty. @see Guo et al. 2017, equation 3
double expected_calibration_error(const ReliabilityBins& bins);

}  // namespace svhn::metric
