#pragma once
/// The results of a run's models, each of one model on one split of one prepared file.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/page/interpretation.h"
#include "results/about.h"

namespace svhn::report {

struct ResultRecord {
  std::filesystem::path folder;
  results::About about;
  std::string slug;                      ///< "best-test"; unique within the run.
  std::optional<bool> same_as_training;  ///< Whether the data is that of the training, where that is known.
  bool primary = false;                  ///< The one result that stands for the run.
  Interpretation found;
};

struct RunResults {
  std::vector<ResultRecord> shown;           ///< The primary one first.
  std::vector<std::filesystem::path> stale;  ///< Folders with results of earlier weights.
};

/// What results are held against.
struct RunIdentity {
  std::filesystem::path folder;  ///< OUTPUT/NAME
  std::string name;
  std::string data_fingerprint;  ///< Of the training; empty: unknown.
};

/// Reads RUN/results/*. Results of a model that is no longer NAME.safetensors or NAME.best.safetensors are
/// stale.
/// @param problems gets a line for each folder and file that cannot be used.
RunResults read_results(const RunIdentity& run, std::vector<std::string>& problems);

/// Sorts results, gives them slugs and chooses the primary one: of those on the training's own data,
/// evaluated ones first, the best model before the last, test before val before train, float32 first, then
/// the latest.
void arrange(std::vector<ResultRecord>& results);

/// @returns the result whose evaluation is of the training's own data and the test split: the primary one if
/// it is, else the first; nullptr: none.
const ResultRecord* test_result(const std::vector<ResultRecord>& results);

/// @returns the primary result, nullptr without one.
const ResultRecord* primary_result(const std::vector<ResultRecord>& results);

}  // namespace svhn::report
