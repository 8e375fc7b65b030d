#include "metric/robustness.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "metric/tables.h"

namespace svhn::metric {
namespace {

using Json = nlohmann::ordered_json;
using RelationOf = Relation (*)(const Robustness& result, std::size_t corruption);

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// @returns the mean of a relation over all corruptions.
Relation mean_relation(const Robustness& result, RelationOf relation) {
  std::vector<double> all;
  for (std::size_t i = 0; i < result.corruptions.size(); ++i) {
    const auto one = relation(result, i);
    if (!one) return std::nullopt;
    all.push_back(*one);
  }
  return all.empty() ? std::nullopt : Relation(mean(all));
}

std::string percent(double share) {
  return fmt::format("{:.2f}", 100.0 * share);
}

std::string percent(const Relation& relation) {
  return relation ? fmt::format("{:.1f}", 100.0 * *relation) : "-";
}

Json relation_json(const Relation& relation) {
  return relation ? Json(*relation) : Json(nullptr);
}

Json corruption_json(const Robustness& result, std::size_t i) {
  const auto& errors = result.errors.corrupted[i];
  Json accuracies = Json::array();
  for (const double error : errors) accuracies.push_back(1.0 - error);
  Json json{{"name", result.corruptions[i].name},
            {"group", result.corruptions[i].group},
            {"error", errors},
            {"accuracy", std::move(accuracies)},
            {"mean_error", mean(errors)},
            {"mean_accuracy", 1.0 - mean(errors)}};
  if (result.baseline) {
    json["ce"] = relation_json(corruption_error(result, i));
    json["relative_ce"] = relation_json(relative_corruption_error(result, i));
  }
  return json;
}

}  // namespace

double mean_error(const CorruptionErrors& errors, std::size_t corruption) {
  return mean(errors.corrupted[corruption]);
}

double mean_error(const CorruptionErrors& errors) {
  std::vector<double> means;
  for (const auto& of_severities : errors.corrupted) means.push_back(mean(of_severities));
  return mean(means);
}

std::vector<std::vector<double>> with_means(const CorruptionErrors& errors) {
  auto table = errors.corrupted;
  for (auto& row : table) row.push_back(mean(row));
  std::vector<double> means;
  for (std::size_t s = 0; !table.empty() && s < table[0].size(); ++s) {
    std::vector<double> column;
    column.reserve(table.size());
    for (const auto& row : table) column.push_back(row[s]);
    means.push_back(mean(column));
  }
  table.push_back(std::move(means));
  return table;
}

Relation corruption_error(const Robustness& result, std::size_t corruption) {
  if (!result.baseline) return std::nullopt;
  const double theirs = mean_error(*result.baseline, corruption);
  return theirs == 0.0 ? std::nullopt : Relation(mean_error(result.errors, corruption) / theirs);
}

Relation relative_corruption_error(const Robustness& result, std::size_t corruption) {
  if (!result.baseline) return std::nullopt;
  const double theirs = mean_error(*result.baseline, corruption) - result.baseline->clean;
  const double own = mean_error(result.errors, corruption) - result.errors.clean;
  return theirs == 0.0 ? std::nullopt : Relation(own / theirs);
}

Relation mean_corruption_error(const Robustness& result) {
  return mean_relation(result, corruption_error);
}

Relation mean_relative_corruption_error(const Robustness& result) {
  return mean_relation(result, relative_corruption_error);
}

bool has_frost(const Robustness& result) {
  return std::ranges::any_of(result.corruptions, [](const auto& name) { return name.name == "frost"; });
}

std::string format_robustness(const Robustness& result) {
  TextRows rows{{"corruption", "group"}};
  for (const int severity : result.severities) rows[0].push_back(std::to_string(severity));
  rows[0].emplace_back("mean");
  for (const auto& [name, group] : result.corruptions) rows.push_back({name, group});
  rows.push_back({"mean", ""});
  const auto table = with_means(result.errors);
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (const double error : table[i]) rows[i + 1].push_back(percent(error));
  }
  if (result.baseline) {
    const auto add = [&](std::size_t row, const Relation& one, const Relation& relative) {
      rows[row].insert(rows[row].end(), {percent(one), percent(relative)});
    };
    rows[0].insert(rows[0].end(), {"CE", "relative CE"});
    for (std::size_t i = 0; i < result.corruptions.size(); ++i)
      add(i + 1, corruption_error(result, i), relative_corruption_error(result, i));
    add(rows.size() - 1, mean_corruption_error(result), mean_relative_corruption_error(result));
  }
  std::vector<bool> numeric(rows[0].size(), true);
  numeric[0] = numeric[1] = false;
  return aligned_table(rows, numeric);
}

nlohmann::ordered_json robustness_json(const Robustness& result) {
  const double error = mean_error(result.errors);
  Json json{{"seed", result.seed}, {"severities", result.severities}, {"clean_error", result.errors.clean},
            {"mean_error", error}, {"mean_accuracy", 1.0 - error},    {"corruptions", Json::array()}};
  for (std::size_t i = 0; i < result.corruptions.size(); ++i)
    json["corruptions"].push_back(corruption_json(result, i));
  if (const auto& baseline = result.baseline) {
    json["baseline"] = {{"model", baseline->model},
                        {"clean_error", baseline->clean},
                        {"mean_error", mean_error(*baseline)},
                        {"error", baseline->corrupted}};
    json["mean_ce"] = relation_json(mean_corruption_error(result));
    json["mean_relative_ce"] = relation_json(mean_relative_corruption_error(result));
  }
  if (has_frost(result)) json["note"] = kFrostNote;
  return json;
}

}  // namespace svhn::metric
