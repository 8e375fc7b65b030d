#include "cli/engine/compare_sides.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/words.h"
#include "metric/repeats.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::ordered_json;

ordered_json side_json(const Side& side) {
  const metric::Spread spread = metric::spread_of(side.accuracies);
  return {{"models", side.files}, {"accuracy", {{"mean", spread.mean}, {"deviation", *spread.deviation}}}};
}

std::string side_text(const char* name, const Side& side) {
  const metric::Spread spread = metric::spread_of(side.accuracies);
  return fmt::format("{}: {}, accuracy {:.4f}, standard deviation {:.4f}\n", name,
                     core::counted(static_cast<std::int64_t>(side.files.size()), "model"), spread.mean,
                     *spread.deviation);
}

}  // namespace

void check_sides(const CompareOptions& options) {
  const std::size_t a = options.models.size(), b = options.against.size();
  if (b == 0 && a < 2) {
    throw Error(ExitCode::usage, "one model alone is nothing to compare", "name two or more models");
  }
  if (b == 0 || (a == b && a >= 2)) return;
  throw Error(ExitCode::usage,
              core::counted(static_cast<std::int64_t>(a), "model") + " --against " + std::to_string(b) +
                  " make no pairs",
              "name as many models on each side, two or more, in the same order of seeds");
}

ordered_json sides_json(const Side& a, const Side& b) {
  const auto means = metric::paired_means(a.accuracies, b.accuracies);
  return {{"sides", {side_json(a), side_json(b)}},
          {"difference",
           {{"mean", means.difference},
            {"interval_95", {means.interval_95.low, means.interval_95.high}},
            {"p_value", means.p_value},
            {"pairs", a.files.size()}}}};
}

std::string sides_text(const Side& a, const Side& b) {
  const auto means = metric::paired_means(a.accuracies, b.accuracies);
  return side_text("First side", a) + side_text("Second side", b) +
         fmt::format(
             "Difference over the pairs: {:+.4f} ({:+.4f} to {:+.4f}), p {:.3g}: Student's paired t test\n\n",
             means.difference, means.interval_95.low, means.interval_95.high, means.p_value);
}

}  // namespace svhn::cli
