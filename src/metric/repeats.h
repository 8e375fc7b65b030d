#pragma once
/// Scores of the same training with several seeds.

#include <optional>
#include <span>

#include "metric/confusion.h"

namespace svhn::metric {

struct Spread {
  double mean = 0.0;
  std::optional<double> deviation;  ///< With n - 1; nothing of one score.
};

/// @param scores at least one. @throws core::Error(bug) for none.
Spread spread_of(std::span<const double> scores);

/// The probability that a Student t variable is at least as far from 0.
/// @param freedom degrees of freedom, at least 1. @returns 0 to 1; 0 for an infinite t.
double student_p_value(double t, int freedom);

/// @returns the t that a Student t variable exceeds in size in 5 % of all cases.
double student_quantile_95(int freedom);

/// The mean difference of paired scores.
struct PairedMeans {
  double difference = 0.0;  ///< Mean of a less that of b.
  Interval interval_95;     ///< Student's.
  double p_value = 1.0;     ///< Of the paired t test; 1 where all pairs are equal.
};

/// @param a,b scores of pairs in the same order, at least two. @throws core::Error(bug) for other numbers.
/// @see Student, "The probable error of a mean", 1908
PairedMeans paired_means(std::span<const double> a, std::span<const double> b);

}  // namespace svhn::metric
