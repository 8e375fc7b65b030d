#pragma once
/// The runs, searches and comparisons below some folders, read without believing them.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metric/history.h"
#include "report/page/interpretation.h"

namespace svhn::report {

/// Where things lie; a run is known by its folder's name.
struct FoundRuns {
  std::vector<std::filesystem::path> runs;      ///< OUTPUT/NAME, whether or not the folder itself is there.
  std::vector<std::filesystem::path> searches;  ///< results.json of `svhn tune`.
  std::vector<std::filesystem::path> comparisons;  ///< comparison.json of `svhn transfer --compare`.
  std::vector<std::string> problems;               ///< What was passed by; a line each.
};

/// Looks through folders and those below them, six deep. A folder is a run when it holds history.json,
/// config.resolved.json or summary.json; NAME.history.json alone is one too. Trials of a search are not
/// listed as runs. Links to folders are not followed.
/// @returns everything once, sorted by path, at most 500 runs.
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
  std::string input;  ///< "greyscale, minmax_per_split, augmented"; empty where the config is not there.
  std::vector<std::pair<std::string, std::string>> facts;  ///< What the page says of it: a name and a text.
  std::optional<ParameterCounts> parameters;
  std::optional<metric::History> history;
  std::filesystem::path model;  ///< NAME.safetensors, where a command would look for it.
  std::string data;             ///< The prepared file; empty where it is not known.
  Interpretation interpretation;
  std::vector<std::string> problems;
};

/// The epoch (from 1) that first reached the best validation accuracy.
struct BestEpoch {
  std::size_t epoch = 0;
  double val_accuracy = 0.0;
};

/// @returns nothing without an epoch.
std::optional<BestEpoch> best_epoch(const RunRecord& run);

/// Reads a run; what is damaged becomes one of its problems.
RunRecord read_run(const std::filesystem::path& folder);

}  // namespace svhn::report
