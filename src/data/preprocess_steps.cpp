#include "data/preprocess_steps.h"

namespace svhn::data {
namespace {

constexpr std::array<double, 3> kGreyWeights{0.2990, 0.5870, 0.1140};
constexpr double kMaxByte = 255.0;

/// x -> (x - subtract) / divide.
struct Affine {
  double subtract = 0.0;
  double divide = 1.0;
  [[nodiscard]] double operator()(double x) const { return (x - subtract) / divide; }
};

Affine affine(double subtract, double divide) {
  return {subtract, divide == 0.0 ? 1.0 : divide};
}

/// @returns the statistics after `change` is applied to every pixel of every channel.
SplitStatistics after(const SplitStatistics& s, const Affine& change) {
  SplitStatistics result = s;
  for (double* x : {&result.min, &result.max, &result.grey_min, &result.grey_max, &result.grey_mean})
    *x = change(*x);
  for (double& x : result.mean) x = change(x);
  for (double& x : result.stddev) x /= change.divide;
  result.grey_stddev /= change.divide;
  return result;
}

/// Applies the steps to the value of each byte and to the statistics.
struct Resolver {
  decltype(ResolvedSteps::table) table{};  ///< Values; after greyscale, summands of the grey value.
  SplitStatistics train, own;
  bool grey = false;

  Resolver(const SplitStatistics& train_split, const SplitStatistics& own_split)
      : train(train_split), own(own_split) {
    for (auto& channel : table) {
      for (std::size_t byte = 0; byte < channel.size(); ++byte)
        channel[byte] = static_cast<double>(byte) / kMaxByte;
    }
  }

  void step(PreprocessStep step) {
    switch (step) {
      case PreprocessStep::greyscale:
        return to_grey();
      case PreprocessStep::minmax_per_split:
        return minmax(scale(own));
      case PreprocessStep::minmax:
        return minmax(scale(train));
      case PreprocessStep::standardize:
        return standardize();
    }
  }

  void to_grey() {
    grey = true;
    for (std::size_t c = 0; c < table.size(); ++c) {
      for (double& x : table[c]) x *= kGreyWeights[c];
    }
  }

  [[nodiscard]] Affine scale(const SplitStatistics& s) const {
    return grey ? affine(s.grey_min, s.grey_max - s.grey_min) : affine(s.min, s.max - s.min);
  }

  /// @param change of the given split. The training split is always scaled by its own statistics.
  void minmax(const Affine& change) {
    for (std::size_t c = 0; c < table.size(); ++c) change_channel(c, change);
    own = after(own, change);
    train = after(train, scale(train));
  }

  void standardize() {
    for (std::size_t c = 0; c < table.size(); ++c) {
      change_channel(
          c, grey ? affine(train.grey_mean, train.grey_stddev) : affine(train.mean[c], train.stddev[c]));
    }
  }

  /// After greyscale the channels are summands: all are divided, but only one of them gets the subtrahend.
  void change_channel(std::size_t c, Affine change) {
    if (grey && c > 0) change.subtract = 0.0;
    for (double& x : table[c]) x = change(x);
  }
};

}  // namespace

double pixel_slope(const std::array<double, kByteValues>& table) {
  return (table.back() - table.front()) / kMaxByte;
}

ResolvedSteps resolve_steps(const Preprocessing& preprocessing, const SplitStatistics& own) {
  Resolver resolver(preprocessing.train, own);
  for (const PreprocessStep step : preprocessing.steps) resolver.step(step);
  return {resolver.table, resolver.grey};
}

PixelLines lines_of(const ResolvedSteps& steps) {
  PixelLines lines{steps.grey, {}, {}};
  for (std::size_t c = 0; c < steps.table.size(); ++c) {
    lines.slope[c] = pixel_slope(steps.table[c]);
    lines.shift[steps.grey ? 0 : c] += steps.table[c].front();
  }
  return lines;
}

}  // namespace svhn::data
