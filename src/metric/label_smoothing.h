#pragma once
/// Label smoothing: a share of each target is spread evenly over all classes.

#include <cstdint>

namespace svhn::metric {

/// The two values of a smoothed one-hot target.
template <typename T>
struct SmoothedTarget {
  /// @param share in [0, 1).
  SmoothedTarget(double share, std::int64_t classes)
      : other(static_cast<T>(share / static_cast<double>(classes))),
        label(static_cast<T>(1.0 - share) + other) {}

  T other;  ///< Of the classes that are not the label: share / classes.
  T label;  ///< 1 - share + share / classes.
};

}  // namespace svhn::metric
