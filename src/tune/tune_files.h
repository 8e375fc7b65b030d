#pragma once
/// The files of a search: OUTPUT/NAME/ {search.json, results.json, results.csv, best.config.json, trials/}.
/// In trials/ are the runs of each trial, as `svhn train` writes them, and a record of each trial that has
/// ended.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace svhn::tune {

struct TuneFiles {
  /// @param output the folder OUTPUT. @param name the config's name.
  TuneFiles(const std::filesystem::path& output, const std::string& name);

  std::filesystem::path folder;
  std::filesystem::path search;  ///< Identity of the search, which is compared when it is resumed.
  std::filesystem::path results_json;
  std::filesystem::path results_csv;
  std::filesystem::path chart_png;
  std::filesystem::path chart_svg;
  std::filesystem::path best_config;  ///< Ready for `svhn train`.
  std::filesystem::path trials;
  std::filesystem::path lock;  ///< See search_lock.h; not a result.

  /// @param id from 1. @returns trials/trial-0001.json.
  [[nodiscard]] std::filesystem::path record(std::int64_t id) const;
  /// @param run from 0, of `runs`.
  /// @returns the name of a run within trials/: trial-0001; trial-0001-run-2 when trials have several runs.
  [[nodiscard]] static std::string run_name(std::int64_t id, std::int64_t run, std::int64_t runs);
  /// @returns the paths of the search's own files, without those of its trials.
  [[nodiscard]] std::vector<std::filesystem::path> all() const;
  /// @returns the files and folders that exist.
  [[nodiscard]] std::vector<std::filesystem::path> existing() const;
  /// Removes the files of an earlier search and no others. @throws core::Error(data) when that fails.
  void remove_existing() const;
  /// Removes the temporary files of core::AtomicFile that a killed process left.
  void remove_temporaries() const;
};

}  // namespace svhn::tune
