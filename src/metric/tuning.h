#pragma once
/// The result of a search over a config's values: filled by `tune`, printed by `cli`, drawn by `report`.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::metric {

enum class TrialStatus {
  completed,
  failed,   ///< Diverged, or its network cannot be.
  stopped,  ///< Given up early for being worse than the others.
};

/// @returns "completed", "failed" or "stopped".
std::string_view trial_status_name(TrialStatus status);

/// What a trial put into the config.
struct TunedValue {
  std::string name;                ///< Of the parameter; its path where it has no other name.
  std::vector<std::string> paths;  ///< JSON pointers into the config, at least one.
  std::string value;               ///< JSON, on one line: 64, 0.001, "selu", [{"type": …}].

  /// @returns the value as a number, or nothing where it is none.
  [[nodiscard]] std::optional<double> number() const;
  /// @returns the value as a table shows it: texts without quotes, long lists and objects cut.
  [[nodiscard]] std::string shown() const;
  bool operator==(const TunedValue&) const = default;
};

struct TrialResult {
  std::int64_t id = 0;  ///< From 1.
  std::string label;    ///< Of a listed trial; else empty.
  TrialStatus status = TrialStatus::completed;
  std::vector<TunedValue> values;
  std::optional<double>
      score;  ///< Mean of `run_scores`; of what there is where it was stopped; not when failed.
  std::vector<double> run_scores;  ///< One for each fold and repeat, repeats outermost.
  std::vector<double> curve;       ///< The objective after each epoch, mean over the runs that got so far.
  std::int64_t epochs = 0;         ///< Trained, over all runs.
  double seconds = 0.0;            ///< Of the training steps, over all runs.
  std::string error;               ///< Why it failed or was stopped; else empty.

  bool operator==(const TrialResult&) const = default;
};

struct TuningResult {
  std::string name;                 ///< The config's.
  std::string search;               ///< "random", "grid" or "list".
  std::string objective;            ///< "loss", "accuracy", "val_loss" or "val_accuracy".
  bool maximize = true;             ///< Accuracies; losses are the better the lower.
  bool synthetic = false;           ///< Found on synthetic digits.
  std::vector<TrialResult> trials;  ///< By id.

  bool operator==(const TuningResult&) const = default;
};

/// @returns what makes a trial: its label, or its values: "learning_rate=0.001 units=64" (a path by its last
/// part), or its number.
std::string trial_text(const TrialResult& trial);

/// @returns the completed trial with the best score, the first of equals; nullptr when none was completed.
const TrialResult* best_trial(const TuningResult& result);

/// @returns the trials, best score first: completed ones, then stopped ones, then failed ones; equals by id.
std::vector<const TrialResult*> ranked_trials(const TuningResult& result);

/// @returns a table for a terminal in that order: id, label or values, score, epochs, seconds, status.
std::string format_tuning(const TuningResult& result);

/// @returns a table by id, RFC 4180, one column for each value that any trial has: id, label, status, values,
/// score, epochs, seconds, error.
std::string tuning_csv(const TuningResult& result);

enum class TuningDetail {
  contract,  ///< What `svhn tune --json` prints.
  full,      ///< results.json: also name, search, labels, scores of runs, curves.
};

/// @returns
/// {"objective","trials":[{"id","status","values":{path:value},"score","epochs","seconds","error"}…],
/// "best":{…} or null}; "score" and "error" are null where there is none.
nlohmann::ordered_json tuning_json(const TuningResult& result, TuningDetail detail);

/// @returns one trial of that document.
nlohmann::ordered_json trial_json(const TrialResult& trial, TuningDetail detail);
/// Reads what `trial_json` wrote in full. @param source what messages call it.
/// @throws core::Error(data) naming source and place when something is missing or of the wrong kind.
TrialResult trial_from_json(const nlohmann::json& document, const std::string& source);

/// Reads a results.json. @throws core::Error(data) when it is missing, damaged or something else.
TuningResult read_tuning(const std::filesystem::path& path);

}  // namespace svhn::metric
