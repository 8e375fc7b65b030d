#include "metric/paired.h"

#include <algorithm>
#include <cmath>

namespace svhn::metric {

double mcnemar_p_value(const PairedCounts& counts) {
  const auto n = static_cast<double>(counts.only_a + counts.only_b);
  const std::int64_t fewer = std::min(counts.only_a, counts.only_b);
  // Summed from the largest term down, each the next one's times (k + 1) / (n - k): no term over- or
  // underflows before it is too small to count.
  double sum = 0.0, term = 1.0;
  for (std::int64_t k = fewer; k >= 0 && term > 0.0; --k) {
    sum += term;
    term *= static_cast<double>(k) / (n - static_cast<double>(k) + 1.0);
  }
  const auto m = static_cast<double>(fewer);
  const double largest =
      std::lgamma(n + 1.0) - std::lgamma(m + 1.0) - std::lgamma(n - m + 1.0) - n * std::log(2.0);
  return std::min(1.0, 2.0 * sum * std::exp(largest));
}

Interval paired_difference_interval(const PairedCounts& counts) {
  constexpr double kNormal975 = 1.959963984540054;
  const double n = static_cast<double>(counts.images) + 2.0;
  const double b = static_cast<double>(counts.only_a) + 0.5, c = static_cast<double>(counts.only_b) + 0.5;
  const double difference = (b - c) / n;
  const double error = std::sqrt((b + c) / n - difference * difference) / std::sqrt(n);
  return {std::max(-1.0, difference - kNormal975 * error), std::min(1.0, difference + kNormal975 * error)};
}

}  // namespace svhn::metric
