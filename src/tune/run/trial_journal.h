#pragma once
/// A search's memory on disk: what is searched, a record of each trial that has ended, the results so far.

#include <map>
#include <optional>
#include <string>

#include "core/json.h"
#include "metric/tuning.h"
#include "train/session.h"
#include "tune/search_config.h"
#include "tune/trials.h"
#include "tune/tune_files.h"

namespace svhn::tune {

/// What makes a search what it is. @param data fingerprint of the data.
nlohmann::ordered_json search_identity(const SearchConfig& search, const std::string& data);

/// Compares two identities. The data file may have another name: the fingerprint compares its content.
/// @returns the first difference, made printable.
std::optional<core::JsonDifference> find_difference(const nlohmann::json& before,
                                                    const nlohmann::json& after);

class TrialJournal {
 public:
  /// @throws core::Error(usage) when there is a search already and `existing` does not say what to do.
  TrialJournal(const SearchConfig& search, TuneFiles files, train::ExistingRun existing);

  /// Reads the records of a search that goes on. @param data fingerprint of the data.
  /// @throws core::Error(model) naming what differs when the search there is another one; (data) when a
  /// record is damaged.
  void read(const std::string& data, const std::vector<Trial>& trials, bool synthetic);
  /// Begins to write: the former search goes if it shall be overwritten.
  /// @param threads that each process computes with; trials' scores depend on them a little.
  void open(const std::string& data, int threads);
  /// Writes a trial's record, and leaves the results as they are.
  void write(const metric::TrialResult& result) const;
  /// Keeps a trial's result in mind.
  void learn(const metric::TrialResult& result) { records_[result.id] = result; }
  /// @returns a trial's record as it lies on disk by now, or nothing. @throws core::Error(data)
  [[nodiscard]] std::optional<metric::TrialResult> read_again(const Trial& trial) const;

  [[nodiscard]] const TuneFiles& files() const { return files_; }
  [[nodiscard]] bool resumed() const { return resumed_; }
  [[nodiscard]] int former_threads() const { return former_threads_; }  ///< 0: not known.
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  /// @returns the record of a trial, or nullptr. @param id from 1.
  [[nodiscard]] const metric::TrialResult* find(std::int64_t id) const;
  [[nodiscard]] metric::TuningResult result() const;
  void write_results() const;

 private:
  const SearchConfig& search_;
  TuneFiles files_;
  train::ExistingRun existing_;
  bool resumed_ = false;
  bool synthetic_ = false;
  int former_threads_ = 0;
  std::map<std::int64_t, metric::TrialResult> records_;
};

}  // namespace svhn::tune
