#pragma once
/// The files of a search: its identity, a record of each trial that has ended, the results so far.

#include <map>
#include <optional>
#include <span>
#include <string>

#include "core/json.h"
#include "metric/tuning.h"
#include "train/session.h"
#include "tune/search_config.h"
#include "tune/trials.h"
#include "tune/tune_files.h"

namespace svhn::tune {

/// @param data fingerprint of the data.
/// @returns what identifies a search: config, "tune" section and data.
nlohmann::ordered_json search_identity(const SearchConfig& search, const std::string& data);

/// Of an identity: may differ, as the fingerprint tells whether the content is the same.
inline constexpr const char* kDataFile = "/config/data/file";

/// Reads and writes search.json, the records of the trials and the results.
class TrialJournal {
 public:
  /// Checks for an existing search. @param search must outlive the journal.
  /// @throws core::Error(usage) when there is one and `existing` is refuse, and when it would replace an
  /// input.
  TrialJournal(const SearchConfig& search, TuneFiles files, train::ExistingRun existing);

  /// Reads the records of a search that is resumed. @param data fingerprint of the data.
  /// @param synthetic whether the data are synthetic digits.
  /// @throws core::Error(model) naming the difference when the search on disk is another one; (data) when a
  /// record is damaged.
  void read(const std::string& data, const std::vector<Trial>& trials, bool synthetic);
  /// Reads the records of further trials of a search that is resumed. @throws core::Error(data)
  void read_records(std::span<const Trial> trials);
  /// Writes search.json; removes the earlier search if it is to be overwritten. The search must be locked.
  /// @param threads of each process; scores depend on them slightly.
  /// @throws core::Error(usage) as the constructor does.
  void open(const std::string& data, int threads);
  /// Writes the record of a trial, but not the results.
  void write(const metric::TrialResult& result) const;
  /// Adds a result to those in memory.
  void add_result(const metric::TrialResult& result) { records_[result.id] = result; }
  /// @returns the record that is on disk now, or nothing. @throws core::Error(data)
  [[nodiscard]] std::optional<metric::TrialResult> read_again(const Trial& trial) const;

  [[nodiscard]] const TuneFiles& files() const { return files_; }
  [[nodiscard]] bool resumed() const { return resumed_; }
  [[nodiscard]] int former_threads() const { return former_threads_; }  ///< 0: unknown.
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  /// @param id from 1. @returns the record of a trial, or nullptr.
  [[nodiscard]] const metric::TrialResult* find(std::int64_t id) const;
  [[nodiscard]] metric::TuningResult result() const;
  /// Writes results.json, results.csv and best.config.json, and what else is missing if the folder was
  /// removed.
  /// @throws core::Error(data)
  void write_results() const;

 private:
  void refuse_existing() const;

  const SearchConfig& search_;
  TuneFiles files_;
  train::ExistingRun existing_;
  bool resumed_ = false;
  bool synthetic_ = false;
  int former_threads_ = 0;
  std::string identity_;  // The text of search.json.
  std::map<std::int64_t, metric::TrialResult> records_;
};

}  // namespace svhn::tune
