#pragma once
/// Finds and reads runs, searches and comparisons below some folders. File contents are not trusted.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metric/history.h"
#include "report/page/interpretation.h"

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

struct RunRecord {
  std::string name;
  std::filesystem::path folder;
  bool synthetic = false;
  std::string input;  ///< "greyscale, minmax_per_split, augmented"; empty without a config.
  std::vector<std::pair<std::string, std::string>> facts;  ///< Names and texts for the page.
  std::optional<ParameterCounts> parameters;
  std::optional<metric::History> history;
  std::filesystem::path model;  ///< NAME.safetensors beside the folder.
  std::string data;             ///< The prepared data file; empty where it is unknown.
  Interpretation interpretation;
  std::vector<std::string> problems;
};

/// The first epoch (from 1) with the best validation accuracy.
struct BestEpoch {
  std::size_t epoch = 0;
  double val_accuracy = 0.0;
};

/// @returns nothing for a run without epochs.
std::optional<BestEpoch> best_epoch(const RunRecord& run);

/// Reads a run. A file that cannot be used becomes one of its problems.
RunRecord read_run(const std::filesystem::path& folder);

}  // namespace svhn::report
