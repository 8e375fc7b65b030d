#include "metric/repeats.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"

namespace svhn::metric {
namespace {

/// The continued fraction of the incomplete beta function, by Lentz' method.
/// @see Abramowitz and Stegun, 26.5.8
double beta_fraction(double a, double b, double x) {
  constexpr int kMostTerms = 100'000;
  constexpr double kTiny = 1e-300, kClose = 1e-16;
  const auto not_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1.0, d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0)), result = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    double last = 1.0;
    for (const double term : {even, odd}) {
      d = 1.0 / not_zero(1.0 + term * d);
      c = not_zero(1.0 + term / c);
      last = c * d;
      result *= last;
    }
    if (std::abs(last - 1.0) < kClose) break;
  }
  return result;
}

/// The regularized incomplete beta function.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  // The fraction is quick below the mean alone.
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

}  // namespace

Spread spread_of(std::span<const double> scores) {
  if (scores.empty()) throw core::Error(core::ExitCode::bug, "the mean of no scores");
  const auto n = static_cast<double>(scores.size());
  double sum = 0.0, squares = 0.0;
  for (const double score : scores) sum += score;
  Spread spread{sum / n, std::nullopt};
  if (scores.size() == 1) return spread;
  for (const double score : scores) squares += (score - spread.mean) * (score - spread.mean);
  spread.deviation = std::sqrt(squares / (n - 1.0));
  return spread;
}

double student_p_value(double t, int freedom) {
  if (std::isinf(t)) return 0.0;
  return incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
}

double student_quantile_95(int freedom) {
  constexpr double kOutside = 0.05;
  double low = 0.0, high = 16.0;  // 12.7 for one degree of freedom.
  while (std::nextafter(low, high) < high) {
    const double middle = (low + high) / 2.0;
    (student_p_value(middle, freedom) > kOutside ? low : high) = middle;
  }
  return high;
}

PairedMeans paired_means(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size() || a.size() < 2) {
    throw core::Error(core::ExitCode::bug, "pairs of " + std::to_string(a.size()) + " and " +
                                               std::to_string(b.size()) + " scores");
  }
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  const Spread spread = spread_of(differences);
  const int freedom = static_cast<int>(a.size()) - 1;
  const double error = *spread.deviation / std::sqrt(static_cast<double>(a.size()));
  const double reach = student_quantile_95(freedom) * error;
  PairedMeans means{spread.mean, {spread.mean - reach, spread.mean + reach}, 1.0};
  if (error > 0.0) means.p_value = student_p_value(spread.mean / error, freedom);
  if (error == 0.0 && spread.mean != 0.0) means.p_value = 0.0;
  return means;
}

}  // namespace svhn::metric
