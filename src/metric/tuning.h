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
  failed,   ///< Diverged, or its network is impossible.
  stopped,  ///< Stopped early because it was worse than others.
};

/// @returns "completed", "failed" or "stopped".
std::string_view trial_status_name(TrialStatus status);

/// A value that a trial sets in the config.
struct TunedValue {
  std::string name;                ///< Name of the parameter; its path when it has no other name.
  std::vector<std::string> paths;  ///< JSON pointers into the config, at least one.
  std::string value;               ///< JSON on one line: 64, 0.001, "selu", [{"type": …}].

  /// @returns the value as a number; nothing when it is no number.
  [[nodiscard]] std::optional<double> number() const;
  /// @returns the value for a table: strings without quotes, long lists and objects cut.
  [[nodiscard]] std::string shown() const;
  bool operator==(const TunedValue&) const = default;
};

struct TrialResult {
  std::int64_t id = 0;  ///< From 1.
  std::string label;    ///< Label of a listed trial; else empty.
  TrialStatus status = TrialStatus::completed;
  std::vector<TunedValue> values;
  /// Mean of `run_scores`; of a stopped trial, of the runs so far; nothing for a failed trial.
  std::optional<double> score;
  std::vector<double> run_scores;  ///< One for each fold and repeat, repeats outermost.
  std::vector<double> curve;  ///< The objective after each epoch, mean over the runs that have that epoch.
  std::int64_t epochs = 0;    ///< Number of trained epochs, sum over all runs.
  double seconds = 0.0;       ///< Time of the training steps, sum over all runs.
  std::string error;          ///< Why the trial failed or was stopped; else empty.

  bool operator==(const TrialResult&) const = default;
};

struct TuningResult {
  std::string name;                 ///< Name of the config.
  std::string search;               ///< "random", "grid", "list" or "tpe".
  std::string objective;            ///< "loss", "accuracy", "val_loss" or "val_accuracy".
  bool maximize = true;             ///< Whether higher is better: for accuracies, not for losses.
  bool synthetic = false;           ///< Whether the data are synthetic digits.
  std::vector<TrialResult> trials;  ///< By id.

  bool operator==(const TuningResult&) const = default;
};

/// @returns a trial in one line: its label; else its values, "learning_rate=0.001 units=64" (of a path its
/// last part); else its number.
std::string trial_text(const TrialResult& trial);

/// @returns the completed trial with the best score, of equal ones the first; nullptr without completed
/// trials.
const TrialResult* best_trial(const TuningResult& result);

/// @returns completed trials, then stopped ones, then failed ones; each by score, best first; equal ones by
/// id.
std::vector<const TrialResult*> ranked_trials(const TuningResult& result);

/// @returns a table for a terminal, ranked: id, values or label, score, epochs, seconds, status.
std::string format_tuning(const TuningResult& result);

/// @returns CSV by id: id, label, status, a column for each parameter that any trial has, score, epochs,
/// seconds, error.
std::string tuning_csv(const TuningResult& result);

enum class TuningDetail {
  contract,  ///< What `svhn tune --json` prints.
  full,      ///< results.json: also name, search, labels, run scores, curves.
};

/// @returns
/// {"objective","trials":[{"id","status","values":{path:value},"score","epochs","seconds","error"}…],
/// "best":{…} or null}; "score" and "error" are null where there is none.
nlohmann::ordered_json tuning_json(const TuningResult& result, TuningDetail detail);

/// @returns a trial of that document.
nlohmann::ordered_json trial_json(const TrialResult& trial, TuningDetail detail);
/// Reads a trial that `trial_json` wrote in full. @param source name of the document in messages.
/// @throws core::Error(data) naming source and JSON pointer when a key is missing or of the wrong type.
TrialResult trial_from_json(const nlohmann::json& document, const std::string& source);

/// Reads a results.json. @throws core::Error(data) when it is missing, damaged or another document.
TuningResult read_tuning(const std::filesystem::path& path);

}  // namespace svhn::metric
