#include "metric/tuning.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "metric/csv.h"

namespace svhn::metric {
namespace {

constexpr std::size_t kShownBytes = 40;

std::string decimal(double value, const char* form) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), form, value);
  return text.data();
}

std::string score_text(const std::optional<double>& score) {
  if (!score) return "-";
  return decimal(*score, *score < 1e9 && *score > -1e9 ? "%.6f" : "%.6g");
}

/// @returns how many of the first bytes end at the end of a character (UTF-8).
std::size_t whole_characters(const std::string& text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return bytes;
}

bool better(const TuningResult& result, const TrialResult& a, const TrialResult& b) {
  if (a.status != b.status) {
    const auto place = [](TrialStatus status) {
      return status == TrialStatus::completed ? 0 : status == TrialStatus::stopped ? 1 : 2;
    };
    return place(a.status) < place(b.status);
  }
  if (a.score.has_value() != b.score.has_value()) return a.score.has_value();
  if (!a.score || *a.score == *b.score) return false;
  return (*a.score > *b.score) == result.maximize;
}

/// @returns how many characters a terminal shows (UTF-8, none of them wide).
std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

using Rows = std::vector<std::vector<std::string>>;

/// @param numeric which columns are set flush right.
std::string aligned(const Rows& rows, const std::vector<bool>& numeric) {
  std::vector<std::size_t> widths(numeric.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], shown_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - shown_width(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (numeric[i] ? fill + row[i] : row[i] + fill);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

/// Names of the parameters that a table has columns for, each once.
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

/// The last two parts of a path say enough in a heading.
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
  if (as_number && value.find('.') != std::string::npos) return decimal(*as_number, "%.6g");
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
  // Listed trials change this and that: what is in the label would make a column each.
  const bool labels = labelled(result);
  const auto names = labels ? std::vector<std::string>() : value_names(result);
  std::vector<std::string> head{"trial"};
  std::vector<bool> numeric{true};
  for (const auto& name : names) head.push_back(short_name(name));
  if (labels) head.emplace_back("change");
  numeric.resize(head.size(), false);
  head.insert(head.end(), {result.objective, "epochs", "seconds", "status"});
  numeric.insert(numeric.end(), {true, true, true, false});
  Rows rows{head};
  for (const TrialResult* trial : ranked_trials(result)) {
    std::vector<std::string> row{std::to_string(trial->id)};
    for (const auto& name : names) {
      const TunedValue* value = value_of(*trial, name);
      row.push_back(value == nullptr ? "-" : value->shown());
    }
    if (labels) row.push_back(trial->label);
    row.insert(row.end(), {score_text(trial->score), std::to_string(trial->epochs),
                           decimal(trial->seconds, "%.1f"), std::string(trial_status_name(trial->status))});
    rows.push_back(row);
  }
  return aligned(rows, numeric);
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
    row.insert(row.end(), {trial.score ? decimal(*trial.score, "%.17g") : "", std::to_string(trial.epochs),
                           decimal(trial.seconds, "%.3f"), trial.error});
    text += csv_line(row);
  }
  return text;
}

}  // namespace svhn::metric
