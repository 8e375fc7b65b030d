#include "cli/engine/robustness.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/engine/progress.h"
#include "core/words.h"
#include "data/corrupt/corrupter.h"
#include "report/charts/evaluation.h"
#include "report/images/image_grid.h"
#include "results/about.h"

namespace svhn::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kAll = "all";

/// @returns the corruptions that were asked for, in the paper's order.
std::vector<data::CorruptionName> corruptions_of(const CorruptionOptions& options) {
  const auto& asked = options.names;
  std::vector<data::CorruptionName> found;
  for (const auto& corruption : data::kCorruptions) {
    const bool wanted = std::ranges::any_of(
        asked, [&](const std::string& name) { return name == kAll || name == corruption.name; });
    if (wanted) found.push_back(corruption);
  }
  return found;
}

std::vector<int> severities_of(const CorruptionOptions& options) {
  std::vector<int> severities = options.severities;
  if (severities.empty()) {
    severities.resize(data::kSeverities);
    std::iota(severities.begin(), severities.end(), 1);
  }
  std::ranges::sort(severities);
  severities.erase(std::unique(severities.begin(), severities.end()), severities.end());
  return severities;
}

/// @returns the share of wrong answers, without the rounding of 1 - accuracy.
double error_of(const metric::EvaluationResult& result) {
  const std::int64_t wrong = result.images - metric::correct_count(result.confusion);
  return static_cast<double>(wrong) / static_cast<double>(result.images);
}

/// A progress bar over several evaluations of one split.
class Passes {
 public:
  Passes(const GlobalOptions& global, std::size_t passes)
      : progress_(global, "corruptions"), passes_(static_cast<std::int64_t>(passes)) {}

  /// @returns the share of wrong answers. @param inputs nullptr: clean pixels. @param pass for the bar.
  double error(const Evaluated& model, inference::EvaluateOptions how, const data::InputSource* inputs,
               const std::string& pass) {
    how.inputs = inputs;
    how.on_prediction = nullptr;
    how.progress = [&](std::int64_t done, std::int64_t total) {
      progress_.show(done_ * total + done, passes_ * total, pass);
      stop_if_asked("stopped; nothing was written");
    };
    const auto plan = data::plan_for(model.preprocessing, model.data, model.split);
    const auto result = inference::evaluate(model.network, model.data, model.split, plan, how);
    ++done_;
    return error_of(result);
  }

  std::vector<std::vector<double>> errors(const Evaluated& model, const inference::EvaluateOptions& how,
                                          const metric::Robustness& asked) {
    const auto plan = data::plan_for(model.preprocessing, model.data, model.split);
    std::vector<std::vector<double>> errors;
    for (const auto& corruption : asked.corruptions) {
      errors.emplace_back();
      for (const int severity : asked.severities) {
        const data::CorruptedSource source(model.data, plan, {corruption.name, severity, asked.seed});
        errors.back().push_back(error(model, how, &source, fmt::format("{} {}", corruption.name, severity)));
      }
    }
    return errors;
  }

 private:
  StageProgress progress_;
  std::int64_t passes_;
  std::int64_t done_ = 0;
};

metric::CorruptionErrors errors_of_baseline(const std::filesystem::path& path, const Evaluated& model,
                                            inference::EvaluateOptions how, const metric::Robustness& asked,
                                            Passes& passes) {
  const model::ModelFile file(path);
  const auto preprocessing = inference::preprocessing_of(file);
  network::Network network = inference::load_for_inference(file, model.network.device());
  how.batch_size = inference::batch_size_for(network.input_shape());
  const Evaluated baseline{network, preprocessing, model.data, model.split};
  const double clean = passes.error(baseline, how, nullptr, "clean");
  return {file.record().name, clean, passes.errors(baseline, how, asked)};
}

/// @returns a tile for each corruption and severity of an image.
std::vector<report::Tile> preview_tiles(const std::vector<data::CorruptionName>& corruptions,
                                        const std::vector<int>& severities, std::uint64_t seed,
                                        const data::PreparedData& data, std::int64_t row) {
  std::vector<report::Tile> tiles;
  for (const auto& corruption : corruptions) {
    for (const int severity : severities) {
      report::Tile tile{data::kSide, data::kSide, std::vector<std::uint8_t>(data::kImageBytes)};
      data::Corrupter(corruption.name, severity, seed).apply(data.image(row), row, tile.rgb);
      tile.captions = {fmt::format("{} {}", corruption.name, severity)};
      tiles.push_back(std::move(tile));
    }
  }
  return tiles;
}

void draw_preview(const CorruptionOptions& options, const Evaluated& model) {
  const auto& data = model.data;
  auto corruptions = corruptions_of(options);
  if (corruptions.empty()) corruptions.assign(data::kCorruptions.begin(), data::kCorruptions.end());
  const auto severities = severities_of(options);
  const std::int64_t row = data.indices(model.split)[0];
  const auto clean = data.image(row);
  report::Grid grid{
      .title = fmt::format("Common corruptions{}, severities {}",
                           data.synthetic() ? " of a synthetic digit" : "", fmt::join(severities, ", ")),
      .note = metric::kFrostNote,
      .columns = static_cast<int>(severities.size())};
  grid.beside = report::Tile{data::kSide, data::kSide, {clean.begin(), clean.end()}, {"clean"}};
  report::write_image_grid(*options.preview, preview_tiles(corruptions, severities, options.seed, data, row),
                           grid);
}

}  // namespace

void check_corruptions(const CorruptionOptions& options) {
  for (const std::string& name : options.names) {
    if (name != kAll) data::check_corruption(name);
  }
  for (const int severity : options.severities) data::check_severity(severity);
  if (options.chart) report::chart_format(*options.chart);
}

void add_corruption_terms(const CorruptionOptions& options, ordered_json& terms) {
  terms["--corrupt"] = options.names;
  terms["--severity"] = severities_of(options);
  terms["--corrupt-seed"] = options.seed;
  if (options.baseline)
    terms["--corrupt-baseline"] = results::model_digest(model::ModelFile(*options.baseline));
}

std::optional<metric::Robustness> measure_robustness(const CorruptionOptions& options, const Evaluated& model,
                                                     const inference::EvaluateOptions& how,
                                                     const metric::EvaluationResult& clean,
                                                     const GlobalOptions& global) {
  if (options.names.empty()) return std::nullopt;
  metric::Robustness result;
  result.seed = options.seed;
  result.severities = severities_of(options);
  for (const auto& [name, group] : corruptions_of(options))
    result.corruptions.push_back({std::string(name), std::string(group)});
  const std::size_t each = result.corruptions.size() * result.severities.size();
  Passes passes(global, options.baseline ? 2 * each + 1 : each);
  result.errors = {clean.model, error_of(clean), passes.errors(model, how, result)};
  if (options.baseline) result.baseline = errors_of_baseline(*options.baseline, model, how, result, passes);
  return result;
}

std::string robustness_text(const metric::Robustness& result) {
  std::string text = fmt::format("\nErrors on corrupted images in percent (seed {}); clean {:.2f}\n{}",
                                 result.seed, 100.0 * result.errors.clean, metric::format_robustness(result));
  const double error = metric::mean_error(result.errors);
  if (const auto& baseline = result.baseline) {
    text += fmt::format("Against {} (clean {:.2f}, mean {:.2f}): ", baseline->model, 100.0 * baseline->clean,
                        100.0 * metric::mean_error(*baseline));
    const auto mce = metric::mean_corruption_error(result),
               relative = metric::mean_relative_corruption_error(result);
    text += mce ? fmt::format("mCE {:.1f}", 100.0 * *mce) : "no mCE, as it makes no errors";
    if (relative) text += fmt::format(", relative mCE {:.1f}", 100.0 * *relative);
    text += "\n";
  } else {
    text += fmt::format("Mean corruption error, not normalized by a baseline: {:.2f}\n", 100.0 * error);
  }
  return text + (metric::has_frost(result) ? std::string(metric::kFrostNote) + "\n" : "");
}

ordered_json robustness_document(const metric::EvaluationResult& clean, const metric::Robustness& result,
                                 bool synthetic) {
  ordered_json document{{"model", clean.model}, {"split", clean.split}, {"images", clean.images}};
  document.update(metric::robustness_json(result));
  if (synthetic) document["synthetic"] = true;
  return document;
}

ordered_json robustness_options(const metric::Robustness& result) {
  ordered_json options{
      {"seed", result.seed}, {"severities", result.severities}, {"corruptions", result.corruptions.size()}};
  if (result.baseline) options["baseline"] = result.baseline->model;
  return options;
}

void draw_corruptions(const CorruptionOptions& options, const std::optional<metric::Robustness>& result,
                      const Evaluated& model, const std::string& title) {
  if (options.preview) draw_preview(options, model);
  if (!options.chart || !result) return;
  const auto drawn = report::write_robustness_chart(*options.chart, *result, title);
  if (drawn.status != report::ChartStatus::drawn)
    spdlog::warn("warning: {}; the errors are in the results", drawn.message);
}

}  // namespace svhn::cli
