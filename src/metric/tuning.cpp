#include "metric/tuning.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/fields_json.h"
#include "core/json.h"
#include "metric/tables.h"

namespace svhn::metric {
namespace {

using core::ExitCode;
using core::Fields;
using core::Name;
using core::Need;
using core::Visitor;
using Json = nlohmann::ordered_json;

constexpr std::size_t kShownBytes = 40;

std::string score_text(const std::optional<double>& score) {
  if (!score) return "-";
  return *score < 1e9 && *score > -1e9 ? fmt::format("{:.6f}", *score) : fmt::format("{:.6g}", *score);
}

/// @returns the length of the longest UTF-8 prefix of at most `bytes` bytes that ends with a character.
std::size_t whole_characters(const std::string& text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return bytes;
}

bool better(const TuningResult& result, const TrialResult& a, const TrialResult& b) {
  if (a.status != b.status) {
    const auto rank = [](TrialStatus status) {
      return status == TrialStatus::completed ? 0 : status == TrialStatus::stopped ? 1 : 2;
    };
    return rank(a.status) < rank(b.status);
  }
  if (a.score.has_value() != b.score.has_value()) return a.score.has_value();
  if (!a.score || *a.score == *b.score) return false;
  return (*a.score > *b.score) == result.maximize;
}

/// @returns the distinct names of the parameters, in the order of their first trial.
std::vector<std::string> value_names(const TuningResult& result) {
  std::vector<std::string> names;
  for (const auto& trial : result.trials) {
    for (const auto& value : trial.values) {
      if (std::find(names.begin(), names.end(), value.name) == names.end()) names.push_back(value.name);
    }
  }
  return names;
}

const TunedValue* value_of(const TrialResult& trial, const std::string& name) {
  const auto found = std::find_if(trial.values.begin(), trial.values.end(),
                                  [&](const TunedValue& value) { return value.name == name; });
  return found == trial.values.end() ? nullptr : &*found;
}

/// @returns the last two parts of a path; a name that is no path unchanged.
std::string short_name(const std::string& name) {
  if (name.empty() || name.front() != '/') return name;
  const std::size_t last = name.rfind('/');
  const std::size_t before = last == 0 ? std::string::npos : name.rfind('/', last - 1);
  return before == std::string::npos ? name.substr(1) : name.substr(before + 1);
}

bool labelled(const TuningResult& result) {
  return std::any_of(result.trials.begin(), result.trials.end(),
                     [](const TrialResult& trial) { return !trial.label.empty(); });
}

std::string unquoted(const TunedValue& value) {
  const bool text = value.value.size() >= 2 && value.value.front() == '"';
  return text ? value.value.substr(1, value.value.size() - 2) : value.value;
}

constexpr core::IntegerRange kCount{0, std::int64_t{1} << 53};
constexpr core::NumberRange kAny{std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()};
constexpr core::TextRule kLong{std::size_t{4} << 20};
constexpr core::SizeRange kMany{0, 1'000'000};
constexpr std::array<Name<TrialStatus>, 3> kStatuses{{{TrialStatus::completed, "completed"},
                                                      {TrialStatus::failed, "failed"},
                                                      {TrialStatus::stopped, "stopped"}}};
constexpr std::array<Name<bool>, 2> kDirections{{{true, "max"}, {false, "min"}}};

/// A text that is written as null when it is empty.
void text_or_null(Fields& f, const core::Key& key, std::string& text) {
  f.member(key, [&](Visitor& visitor) {
    bool present = !text.empty();
    std::string held = text;
    visitor.nullable(present, [&](Visitor& inner) { inner.text(held, kLong); });
    text = present ? held : std::string();
  });
}

void numbers(Fields& f, const core::Key& key, std::vector<double>& values) {
  f.list(key, values, kMany, [](Visitor& visitor, double& value) { visitor.number(value, kAny); });
}

void describe_value(Fields& f, TunedValue& value) {
  f.text({"name", "Of the parameter.", Need::required}, value.name, kLong);
  f.list({"paths", "What it drives.", Need::required}, value.paths, {1, 1000},
         [](Visitor& visitor, std::string& path) { visitor.text(path, kLong); });
  f.text({"json", "The value as JSON text.", Need::required}, value.value, kLong);
}

void describe_trial(Fields& f, TrialResult& trial) {
  f.integer({"id", "From 1.", Need::required}, trial.id, {1, kCount.max});
  text_or_null(f, {"label", "Of a listed trial."}, trial.label);
  f.choice({"status", "How it ended.", Need::required}, trial.status, kStatuses);
  f.member({"values", "The same as parameters, by path; for readers."}, [](Visitor&) {});
  f.optional({"score", "Mean over the runs.", Need::required}, trial.score,
             [](Visitor& visitor, double& value) { visitor.number(value, kAny); });
  f.integer({"epochs", "Trained, over all runs.", Need::required}, trial.epochs, kCount);
  f.number({"seconds", "Of training.", Need::required}, trial.seconds, core::between(0, kAny.max));
  text_or_null(f, {"error", "Why it did not complete.", Need::required}, trial.error);
  numbers(f, {"run_scores", "One for each fold and repeat.", Need::required}, trial.run_scores);
  numbers(f, {"curve", "The objective by epoch.", Need::required}, trial.curve);
  f.list({"parameters", "What was put into the config.", Need::required}, trial.values, kMany,
         [](Visitor& visitor, TunedValue& value) {
           visitor.object([&](Fields& inner) { describe_value(inner, value); });
         });
}

void describe_result(Fields& f, TuningResult& result) {
  f.text({"name", "The config's.", Need::required}, result.name);
  f.text({"search", "random, grid, list or tpe.", Need::required}, result.search);
  f.text({"objective", "A learning curve.", Need::required}, result.objective);
  f.choice({"direction", "Whether high or low is good.", Need::required}, result.maximize, kDirections);
  f.boolean({"synthetic", "Found on synthetic digits.", Need::required}, result.synthetic);
  f.list({"trials", "By id.", Need::required}, result.trials, kMany,
         [](Visitor& visitor, TrialResult& trial) {
           visitor.object([&](Fields& inner) { describe_trial(inner, trial); });
         });
  f.member({"best", "The best trial, again."}, [](Visitor&) {});
}

Json values_json(const TrialResult& trial) {
  Json values = Json::object();
  for (const auto& value : trial.values) {
    for (const auto& path : value.paths) values[path] = Json::parse(value.value);
  }
  return values;
}

/// Values are strings that hold JSON. @throws core::Error(data) when one is no JSON.
void check_values(const TrialResult& trial, const std::string& source) {
  for (const auto& value : trial.values) core::parse_json_strict(value.value, source, ExitCode::data);
}

/// The text of an error may have control characters, which the reader refuses.
TrialResult printable(TrialResult trial) {
  trial.error = core::printable(trial.error, 4096);
  return trial;
}

}  // namespace

std::string_view trial_status_name(TrialStatus status) {
  constexpr std::array<std::string_view, 3> kNames{"completed", "failed", "stopped"};
  return kNames.at(static_cast<std::size_t>(status));
}

std::string trial_text(const TrialResult& trial) {
  if (!trial.label.empty()) return trial.label;
  std::string text;
  for (const auto& value : trial.values) {
    const std::string name = value.name.substr(value.name.rfind('/') + 1);
    text += (text.empty() ? "" : " ") + name + "=" + value.shown();
  }
  return text.empty() ? "trial " + std::to_string(trial.id) : text;
}

std::optional<double> TunedValue::number() const {
  double parsed = 0.0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, parsed);
  if (value.empty() || error != std::errc() || stop != end) return std::nullopt;
  return parsed;
}

std::string TunedValue::shown() const {
  const auto as_number = number();
  if (as_number && value.find('.') != std::string::npos) return fmt::format("{:.6g}", *as_number);
  std::string text = unquoted(*this);
  if (text.size() <= kShownBytes) return text;
  return text.substr(0, whole_characters(text, kShownBytes - 1)) + "…";
}

const TrialResult* best_trial(const TuningResult& result) {
  const auto ranked = ranked_trials(result);
  if (ranked.empty() || ranked.front()->status != TrialStatus::completed) return nullptr;
  return ranked.front()->score ? ranked.front() : nullptr;
}

std::vector<const TrialResult*> ranked_trials(const TuningResult& result) {
  std::vector<const TrialResult*> ranked;
  for (const auto& trial : result.trials) ranked.push_back(&trial);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](const TrialResult* a, const TrialResult* b) { return better(result, *a, *b); });
  return ranked;
}

std::string format_tuning(const TuningResult& result) {
  // Listed trials set different values; a column for each of them would be too many, the label says enough.
  const bool labels = labelled(result);
  const auto names = labels ? std::vector<std::string>() : value_names(result);
  std::vector<std::string> head{"trial"};
  std::vector<bool> numeric{true};
  for (const auto& name : names) head.push_back(short_name(name));
  if (labels) head.emplace_back("change");
  numeric.resize(head.size(), false);
  head.insert(head.end(), {result.objective, "epochs", "seconds", "status"});
  numeric.insert(numeric.end(), {true, true, true, false});
  TextRows rows{head};
  for (const TrialResult* trial : ranked_trials(result)) {
    std::vector<std::string> row{std::to_string(trial->id)};
    for (const auto& name : names) {
      const TunedValue* value = value_of(*trial, name);
      row.push_back(value == nullptr ? "-" : value->shown());
    }
    if (labels) row.push_back(trial->label);
    row.insert(row.end(),
               {score_text(trial->score), std::to_string(trial->epochs),
                fmt::format("{:.1f}", trial->seconds), std::string(trial_status_name(trial->status))});
    rows.push_back(row);
  }
  return aligned_table(rows, numeric);
}

std::string tuning_csv(const TuningResult& result) {
  const auto names = value_names(result);
  std::vector<std::string> head{"id", "label", "status"};
  head.insert(head.end(), names.begin(), names.end());
  head.insert(head.end(), {"score", "epochs", "seconds", "error"});
  std::string text = csv_line(head);
  for (const auto& trial : result.trials) {
    std::vector<std::string> row{std::to_string(trial.id), trial.label,
                                 std::string(trial_status_name(trial.status))};
    for (const auto& name : names) {
      const TunedValue* value = value_of(trial, name);
      row.push_back(value == nullptr ? "" : unquoted(*value));
    }
    row.insert(row.end(), {trial.score ? fmt::format("{:.17g}", *trial.score) : "",
                           std::to_string(trial.epochs), fmt::format("{:.3f}", trial.seconds), trial.error});
    text += csv_line(row);
  }
  return text;
}

Json trial_json(const TrialResult& trial, TuningDetail detail) {
  TrialResult copy = printable(trial);
  Json full = core::write_fields(
      [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_trial(f, copy); }); });
  full["values"] = values_json(trial);
  if (detail == TuningDetail::full) return full;
  Json contract;
  for (const char* key : {"id", "status", "values", "score", "epochs", "seconds", "error"}) {
    contract[key] = full[key];
  }
  return contract;
}

TrialResult trial_from_json(const nlohmann::json& document, const std::string& source) {
  TrialResult trial;
  core::Problems problems(source);
  core::read_fields(
      document, [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_trial(f, trial); }); },
      problems);
  problems.throw_if_any(ExitCode::data, "the file is damaged; start the search over with --overwrite");
  check_values(trial, source);
  return trial;
}

Json tuning_json(const TuningResult& result, TuningDetail detail) {
  TuningResult head{result.name, result.search, result.objective, result.maximize, result.synthetic, {}};
  Json document{{"objective", result.objective}};
  if (detail == TuningDetail::full) {
    document = core::write_fields(
        [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_result(f, head); }); });
  }
  document["trials"] = Json::array();
  for (const auto& trial : result.trials) document["trials"].push_back(trial_json(trial, detail));
  const TrialResult* best = best_trial(result);
  document["best"] = best == nullptr ? Json() : trial_json(*best, TuningDetail::contract);
  return document;
}

TuningResult read_tuning(const std::filesystem::path& path) {
  const auto document = core::read_json_file(path, ExitCode::data, {.max_bytes = std::size_t{256} << 20});
  TuningResult result;
  core::Problems problems(path.string());
  core::read_fields(
      document, [&](Visitor& visitor) { visitor.object([&](Fields& f) { describe_result(f, result); }); },
      problems);
  problems.throw_if_any(ExitCode::data, "the results of a search lie in OUTPUT/NAME/results.json");
  for (const auto& trial : result.trials) check_values(trial, path.string());
  return result;
}

}  // namespace svhn::metric
