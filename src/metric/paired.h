#pragma once
/// Two classifiers on the same images.

#include <cstdint>

#include "metric/confusion.h"

namespace svhn::metric {

/// How many of the same images two classifiers read right.
struct PairedCounts {
  std::int64_t images = 0;
  std::int64_t only_a = 0;  ///< Right by a, wrong by b.
  std::int64_t only_b = 0;  ///< Wrong by a, right by b.
};

/// McNemar's exact test, two-sided: the probability of a division of the images that only one reads right at
/// least as uneven as this one, if both are equally good.
/// @returns 0 to 1; 1 where they read the same images right.
/// @see McNemar 1947; Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs data", 2013
double mcnemar_p_value(const PairedCounts& counts);

/// The 95 % interval of the accuracy of a less that of b: Wald's with 1/2 added to each of the four counts.
/// @param counts of at least one image. @returns bounds within -1 and 1.
/// @see Agresti and Min, "Simple improved confidence intervals for comparing matched proportions", 2005
Interval paired_difference_interval(const PairedCounts& counts);

}  // namespace svhn::metric
