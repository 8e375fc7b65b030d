#include "data/preprocessing_text.h"

#include <spdlog/fmt/fmt.h>

namespace svhn::data {
namespace {

std::string range_of(const SplitStatistics& train, bool grey) {
  return fmt::format("{:.4f} to {:.4f}", grey ? train.grey_min : train.min,
                     grey ? train.grey_max : train.max);
}

std::string moments_of(const SplitStatistics& train, bool grey) {
  if (grey) return fmt::format("mean {:.4f}, deviation {:.4f}", train.grey_mean, train.grey_stddev);
  return fmt::format("means {:.4f}, deviations {:.4f}", fmt::join(train.mean, " "),
                     fmt::join(train.stddev, " "));
}

/// @param first whether no step has changed the range before; then the statistics of the pixels are the
/// step's.
std::string step_text(PreprocessStep step, const SplitStatistics& train, bool grey, bool first) {
  const auto numbers = [first](const std::string& text) { return first ? ", " + text : ""; };
  switch (step) {
    case PreprocessStep::greyscale:
      return "greyscale";
    case PreprocessStep::minmax_per_split:
      return "each split scaled to 0..1 by its own range (other pictures by the training split's" +
             numbers(range_of(train, grey)) + ")";
    case PreprocessStep::minmax:
      return "scaled to 0..1 by the training split's range" + numbers(range_of(train, grey));
    case PreprocessStep::standardize:
      return "standardized by the training split's moments" + numbers(moments_of(train, grey));
  }
  return "";
}

}  // namespace

std::string preprocessing_text(const Preprocessing& preprocessing) {
  if (preprocessing.steps.empty()) return "pixels / 255";
  std::string text;
  bool grey = false, first = true;
  for (const PreprocessStep step : preprocessing.steps) {
    text += (text.empty() ? "" : ", then ") + step_text(step, preprocessing.train, grey, first);
    (step == PreprocessStep::greyscale ? grey : first) = step == PreprocessStep::greyscale;
  }
  return text;
}

}  // namespace svhn::data
