#pragma once
/// Parzen estimators: the density of one parameter, a mixture of a prior over its range and of a kernel
/// around each value that was observed.

#include <cstddef>
#include <vector>

#include "core/random.h"

namespace svhn::tune {

/// The numbers among which a parameter's values are.
struct Axis {
  enum class Kind {
    continuous,   ///< [low, high).
    ordered,      ///< 0, 1, … count - 1, of which neighbours are alike.
    categorical,  ///< 0, 1, … count - 1, of which none are alike.
  };
  Kind kind = Kind::continuous;
  double low = 0.0;  ///< Ordered: -0.5.
  double high = 1.0;
  std::size_t count = 0;
};

/// The prior is a normal distribution in the middle of the range, as wide as the range, or uniform over
/// categories. A kernel is a normal distribution as wide as the larger distance to the neighbouring values
/// (the prior's mean is one), but no wider than the range and no narrower than 1/(kernels + 1) or 1/100 of
/// it. All are cut off at the ends of the range; an ordered number has their mass within half a step. The
/// prior counts as much as one value. Of more than 25 values the older ones count less, in proportion to
/// their age.
/// @see Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4; the neighbours
/// of the outermost values, the least width and the weights of old values are those of Optuna 3
class Parzen {
 public:
  /// @param values within the axis, from the oldest to the newest.
  Parzen(const Axis& axis, const std::vector<double>& values);

  /// @returns the density at x; the probability of an ordered number or a category.
  [[nodiscard]] double density(double x) const;
  /// @returns a random number of this density.
  [[nodiscard]] double draw(core::CounterRandom& random) const;

 private:
  struct Kernel {
    double mean = 0.0;
    double deviation = 1.0;
    double weight = 1.0;  ///< All sum up to 1.
  };

  void set_deviations();
  [[nodiscard]] double kernel_density(const Kernel& kernel, double x) const;
  [[nodiscard]] double category_density(double x) const;
  [[nodiscard]] const Kernel& draw_kernel(core::CounterRandom& random) const;

  Axis axis_;
  std::vector<Kernel> kernels_;  // By age; the last is the prior.
};

}  // namespace svhn::tune
