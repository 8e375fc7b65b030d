#include "metric/comparison.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/fields_json.h"
#include "core/json.h"
#include "metric/tables.h"

namespace svhn::metric {
namespace {

using core::Fields;
using core::Need;
using core::Visitor;

constexpr std::size_t kMostBackbones = 200;
constexpr double kMostSeconds = 1e9;
constexpr std::int64_t kMostParameters = std::int64_t{1} << 40;

void describe_score(Visitor& visitor, BackboneScore& score) {
  visitor.object([&](Fields& f) {
    f.number({"val_accuracy", "Best validation accuracy", Need::required}, score.val_accuracy,
             core::between(0, 1));
    f.number({"seconds", "Wall time", Need::required}, score.seconds, core::between(0, kMostSeconds));
  });
}

void describe_backbone(Fields& f, BackboneResult& backbone) {
  f.text({"name", "The backbone", Need::required}, backbone.name, {200});
  f.text({"weights", "File name or random", Need::required}, backbone.weights);
  f.integer({"parameters", "Of the backbone", Need::required}, backbone.parameters, {0, kMostParameters});
  f.list({"feature_shape", "Channels, rows, columns", Need::required}, backbone.feature_shape, {0, 3},
         [](Visitor& v, std::int64_t& size) {
           v.integer(size, {1, 1 << 20});
         });
  f.optional({"frozen", "The head alone is trained"}, backbone.frozen, describe_score);
  f.optional({"unfrozen", "The last layers are trained too"}, backbone.unfrozen, describe_score);
  f.optional({"milliseconds_per_image", "Of one pass"}, backbone.milliseconds_per_image,
             [](Visitor& v, double& ms) { v.number(ms, core::between(0, kMostSeconds)); });
  f.optional({"error", "Why there is no score"}, backbone.error,
             [](Visitor& v, std::string& text) { v.text(text, {}); });
}

void describe(Visitor& visitor, ComparisonResult& result) {
  visitor.object([&](Fields& f) {
    f.text({"name", "Of the comparison", Need::required}, result.name, {200});
    f.boolean({"synthetic", "Made on synthetic digits"}, result.synthetic);
    f.list({"backbones", "In the order asked for", Need::required}, result.backbones, {0, kMostBackbones},
           [](Visitor& v, BackboneResult& backbone) {
             v.object([&](Fields& fields) { describe_backbone(fields, backbone); });
           });
  });
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "-" : text;
}

/// @returns two columns of a table: accuracy and time.
std::string score_columns(const std::optional<BackboneScore>& score) {
  if (!score) return "       -         -";
  return fmt::format("{:8.4f} {:7.1f} s", score->val_accuracy, score->seconds);
}

}  // namespace

std::optional<double> best_score(const BackboneResult& backbone) {
  std::optional<double> best;
  for (const auto& score : {backbone.frozen, backbone.unfrozen}) {
    if (score) best = std::max(best.value_or(score->val_accuracy), score->val_accuracy);
  }
  return best;
}

std::vector<const BackboneResult*> ranked_backbones(const ComparisonResult& result) {
  std::vector<const BackboneResult*> ranked;
  for (const BackboneResult& backbone : result.backbones) ranked.push_back(&backbone);
  std::stable_sort(ranked.begin(), ranked.end(), [](const BackboneResult* a, const BackboneResult* b) {
    return best_score(*a).value_or(-1) > best_score(*b).value_or(-1);
  });
  return ranked;
}

namespace {

/// @returns whether nothing is known of it but why.
bool is_unbuilt(const BackboneResult& backbone) {
  return backbone.error && backbone.parameters == 0 && !best_score(backbone);
}

/// @returns a line with the backbones that the table leaves out; "" if there are none.
std::string unbuilt_line(const ComparisonResult& result) {
  std::vector<const BackboneResult*> unbuilt;
  for (const BackboneResult& b : result.backbones) {
    if (is_unbuilt(b)) unbuilt.push_back(&b);
  }
  if (unbuilt.empty()) return "";
  if (unbuilt.size() == 1) return "Not compared: " + unbuilt[0]->name + " (" + *unbuilt[0]->error + ")\n";
  std::string names;
  for (const BackboneResult* b : unbuilt) names += (names.empty() ? "" : ", ") + b->name;
  return "Not compared: " + names + " (the files below have the reasons)\n";
}

}  // namespace

std::string format_comparison(const ComparisonResult& result) {
  std::string table =
      "backbone              parameters     features    frozen      time  unfrozen      time  ms/image  "
      "weights\n";
  for (const BackboneResult* b : ranked_backbones(result)) {
    if (is_unbuilt(*b)) continue;
    const std::string ms =
        b->milliseconds_per_image ? fmt::format("{:.2f}", *b->milliseconds_per_image) : "-";
    table += fmt::format("{:<20.40} {:>11} {:>12}  {}  {}  {:>8}  {}{}\n", b->name, b->parameters,
                         shape_text(b->feature_shape), score_columns(b->frozen), score_columns(b->unfrozen),
                         ms, b->weights, b->error ? "  (" + *b->error + ")" : "");
  }
  return table + unbuilt_line(result);
}

std::string comparison_csv(const ComparisonResult& result) {
  std::string text =
      csv_line({"name", "weights", "parameters", "feature_shape", "frozen_val_accuracy", "frozen_seconds",
                "unfrozen_val_accuracy", "unfrozen_seconds", "milliseconds_per_image", "error"});
  for (const BackboneResult& b : result.backbones) {
    std::vector<std::string> row{b.name, b.weights, std::to_string(b.parameters),
                                 b.feature_shape.empty() ? "" : shape_text(b.feature_shape)};
    for (const auto& score : {b.frozen, b.unfrozen}) {
      row.push_back(score ? fmt::format("{:.17g}", score->val_accuracy) : "");
      row.push_back(score ? fmt::format("{:.3f}", score->seconds) : "");
    }
    row.push_back(b.milliseconds_per_image ? fmt::format("{:.6g}", *b.milliseconds_per_image) : "");
    row.push_back(b.error.value_or(""));
    text += csv_line(row);
  }
  return text;
}

nlohmann::ordered_json comparison_json(const ComparisonResult& result) {
  ComparisonResult copy = result;
  return core::write_fields([&](Visitor& visitor) { describe(visitor, copy); });
}

ComparisonResult read_comparison(const std::filesystem::path& path) {
  const auto document = core::read_json_file(path, core::ExitCode::data);
  core::Problems problems("'" + path.string() + "'");
  ComparisonResult result;
  core::read_fields(
      document, [&](Visitor& visitor) { describe(visitor, result); }, problems);
  problems.throw_if_any(core::ExitCode::data, "run 'svhn transfer --compare' again");
  return result;
}

}  // namespace svhn::metric
