#pragma once
/// Where a search's files lie: OUTPUT/NAME/ {search.json, results.json, results.csv, best.config.json,
/// trials/}, in trials/ the run of each trial as `svhn train` leaves it, and a record of each trial that has
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
  std::filesystem::path search;  ///< What is searched, to know it again.
  std::filesystem::path results_json;
  std::filesystem::path results_csv;
  std::filesystem::path chart_png;
  std::filesystem::path chart_svg;
  std::filesystem::path best_config;  ///< Ready for `svhn train`.
  std::filesystem::path trials;
  std::filesystem::path lock;  ///< Held by whoever works on the search; no part of it.

  /// @returns trials/trial-0001.json. @param id from 1.
  [[nodiscard]] std::filesystem::path record(std::int64_t id) const;
  /// @returns the name of a run within trials/: trial-0001, or trial-0001-run-2 where a trial has several.
  /// @param run from 0, of `runs`.
  [[nodiscard]] static std::string run_name(std::int64_t id, std::int64_t run, std::int64_t runs);
  /// @returns those of the files and folders that exist.
  [[nodiscard]] std::vector<std::filesystem::path> existing() const;
  /// Removes a former search, and nothing that no search makes. @throws core::Error(data) when that fails.
  void remove_existing() const;
  /// Removes the temporary files (of core::AtomicFile) that a killed process left of these files.
  void remove_temporaries() const;
};

}  // namespace svhn::tune
