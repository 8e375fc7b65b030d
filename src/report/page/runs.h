#pragma once
/// Finds and reads runs, searches and comparisons below some folders. File contents are not trusted.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metric/history.h"
#include "report/page/run_results.h"

namespace svhn::report {

/// Paths of runs and results. A run's name is the name of its folder.
struct FoundRuns {
  std::vector<std::filesystem::path> runs;  ///< OUTPUT/NAME, which may be missing beside NAME.history.json.
  std::vector<std::filesystem::path> searches;     ///< results.json of `svhn tune`.
  std::vector<std::filesystem::path> comparisons;  ///< comparison.json of `svhn transfer --compare`.
  std::vector<std::string> problems;               ///< One line for each folder that could not be searched.
};

/// Searches folders recursively, six levels deep. A folder with history.json, config.resolved.json or
/// summary.json is a run; so is a file NAME.history.json. Trials of a search are not runs. Symbolic links to
/// folders are not followed.
/// @returns paths without duplicates, sorted, at most 500 of each kind.
/// @throws core::Error(data) when a folder is missing.
FoundRuns find_runs(const std::vector<std::filesystem::path>& roots);

struct ParameterCounts {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
  std::int64_t non_trainable = 0;
};

struct SplitSizes {
  std::int64_t train = 0;
  std::int64_t val = 0;
  std::int64_t test = 0;
  bool operator==(const SplitSizes&) const = default;
};

/// What a run was trained on, and how. Texts are empty where they are unknown.
struct TrainingFacts {
  std::string data;         ///< Path of the prepared file.
  std::string fingerprint;  ///< Of the data, see `data::data_fingerprint`.
  std::optional<SplitSizes> images;
  std::string split_fingerprint;            ///< Of the training split.
  std::string val_fingerprint;              ///< Of the validation split.
  std::optional<std::string> augmentation;  ///< "" for none.
  std::optional<std::int64_t> seed;
  std::string precision;
  std::string date;
  std::optional<bool> synthetic;
};

struct RunRecord {
  std::string name;
  std::string slug;  ///< The name as part of an address; see `name_slugs`.
  std::filesystem::path folder;
  bool synthetic = false;
  std::string input;  ///< "greyscale, minmax_per_split, augmented"; empty without a config.
  std::vector<std::pair<std::string, std::string>> facts;  ///< Names and texts for the page.
  std::optional<ParameterCounts> parameters;
  std::optional<metric::History> history;
  std::filesystem::path model;  ///< NAME.best.safetensors beside the folder, or NAME.safetensors.
  TrainingFacts training;
  std::vector<ResultRecord> results;                 ///< See `arrange`.
  std::vector<std::filesystem::path> stale_results;  ///< Folders with results of earlier weights.
  std::vector<std::string> problems;
};

/// The first epoch (from 1) with the best validation accuracy.
struct BestEpoch {
  std::size_t epoch = 0;
  double val_accuracy = 0.0;
};

/// @returns nothing for a run without epochs.
std::optional<BestEpoch> best_epoch(const RunRecord& run);

/// Gives each run a slug: letters, digits and `_.-` of its name, "-2" behind the second of one name.
void name_slugs(std::vector<RunRecord>& runs);

/// Reads a run. A file that cannot be used becomes one of its problems.
RunRecord read_run(const std::filesystem::path& folder);

}  // namespace svhn::report
