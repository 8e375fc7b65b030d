#pragma once
/// The confusion matrix and the scores that follow from its counts.
/// Classes are class indices (see classes.h); rows are true classes, columns predicted ones.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "metric/classes.h"

namespace svhn::metric {

/// counts[t][p]: number of images of true class t that were predicted as class p.
using ConfusionCounts = std::array<std::array<std::int64_t, kClasses>, kClasses>;

class ConfusionMatrix {
 public:
  /// @param true_class 0..9. @param predicted 0..9. @throws core::Error(bug) outside this range.
  void add(int true_class, int predicted);
  [[nodiscard]] const ConfusionCounts& value() const { return counts_; }

 private:
  ConfusionCounts counts_{};
};

/// Scores of one class against the rest; a division by zero counts as 0, as in scikit-learn.
/// @see scikit-learn, precision_recall_fscore_support(zero_division=0)
struct ClassScore {
  int class_index = 0;
  double precision = 0.0;    ///< Share of this class among the images predicted as it.
  double recall = 0.0;       ///< Share of this class's images that were predicted as it.
  double f1 = 0.0;           ///< Harmonic mean of precision and recall.
  std::int64_t support = 0;  ///< Number of images of this class.
};

/// A true class, the class it was mistaken for, and how often.
struct ConfusedPair {
  int true_class = 0;
  int predicted = 0;
  std::int64_t count = 0;
};

/// @returns the number of images counted.
std::int64_t total_count(const ConfusionCounts& counts);
/// @returns the number of right predictions.
std::int64_t correct_count(const ConfusionCounts& counts);
/// @returns the share of right predictions; 0 without images.
double accuracy(const ConfusionCounts& counts);
/// @returns the share of images whose predicted class index is `shift` above the true one, modulo 10.
double shifted_accuracy(const ConfusionCounts& counts, int shift);
/// @returns ten scores in class order.
std::array<ClassScore, kClasses> class_scores(const ConfusionCounts& counts);
/// @returns the pairs of classes that were confused, most frequent first; equal counts by true class, then by
/// predicted class. @param limit the most pairs to return.
std::vector<ConfusedPair> most_confused(const ConfusionCounts& counts, std::size_t limit = 10);

/// Confidence interval of a share.
struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// Wilson's 95 % score interval of a share.
/// @param correct 0..total. @returns [0, 1] when `total` is 0.
/// @see Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927)
Interval wilson_interval(std::int64_t correct, std::int64_t total);

}  // namespace svhn::metric
