#include "cli/engine/find_lr.h"

#include <spdlog/spdlog.h>

#include <array>

#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "core/error.h"
#include "core/input_guard.h"
#include "core/paths.h"
#include "core/words.h"
#include "report/charts/range_test.h"

namespace svhn::cli {
namespace {

/// Two digits are all that such a test tells.
double rounded(double rate) {
  return std::stod(fmt::format("{:.2g}", rate));
}

nlohmann::ordered_json range_test_json(const metric::RangeTest& test, const std::filesystem::path& chart) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const auto& point : test.points()) {
    points.push_back(
        {{"learning_rate", point.rate}, {"loss", point.loss}, {"smoothed_loss", point.smoothed}});
  }
  const auto suggestion = test.suggestion();
  return {{"suggested_learning_rate",
           suggestion ? nlohmann::ordered_json(rounded(suggestion->steepest)) : nullptr},
          {"minimum_learning_rate", suggestion ? nlohmann::ordered_json(suggestion->minimum) : nullptr},
          {"diverged", test.diverged()},
          {"points", points},
          {"chart", chart.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(chart.string())}};
}

std::string range_test_text(const metric::RangeTest& test, const std::filesystem::path& chart) {
  std::string text = fmt::format("{}, rates from {:g} to {:.3g}{}.\n",
                                 core::counted(static_cast<std::int64_t>(test.points().size()), "step"),
                                 test.points().front().rate, test.points().back().rate,
                                 test.diverged() ? ", where the loss diverged" : "");
  if (const auto suggestion = test.suggestion()) {
    text += fmt::format(
        "The loss falls fastest at {0:.2g} and is smallest at {1:.2g}.\nSuggestion: --set "
        "train.optimizer.learning_rate={0:.2g} (a schedule that rises and falls takes up to {1:.2g})\n",
        suggestion->steepest, suggestion->minimum);
  } else {
    text += "The loss never fell: no rate can be suggested. Check data, labels and network.\n";
  }
  return text + (chart.empty() ? "Nothing was written.\n"
                               : "Chart: " + chart.string() + "\nNothing else was written.\n");
}

}  // namespace

int find_learning_rate(const RunOptions& options, train::Session& session, const std::string& name,
                       bool first) {
  std::filesystem::path chart = options.output / (name + ".find_lr.png");
  core::check_outputs(std::array{chart});
  const metric::RangeTest test = session.range_test();
  if (!first) return 0;
  if (test.points().empty()) {
    throw core::Error(core::ExitCode::numeric, "the loss of the first step is not a finite number",
                      "check the preprocessing and the data");
  }
  core::make_folders(options.output, core::ExitCode::data);
  const auto drawn = report::write_range_test_chart(chart, test, name + ": learning-rate range test");
  if (drawn.status != report::ChartStatus::drawn) {
    spdlog::warn("warning: {}; the numbers are printed", drawn.message);
    chart.clear();
  }
  options.json ? print_json(range_test_json(test, chart)) : print_text(range_test_text(test, chart));
  return 0;
}

}  // namespace svhn::cli
