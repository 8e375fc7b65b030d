#pragma once
/// A search's memory on disk: what is searched, a record of each trial that has ended, the results so far.

#include <map>
#include <string>

#include "svhn/metric/tuning.h"
#include "svhn/train/session.h"
#include "svhn/tune/search_config.h"
#include "svhn/tune/trials.h"
#include "svhn/tune/tune_files.h"

namespace svhn::tune {

class Ledger {
 public:
  /// @throws core::Error(usage) when there is a search already and `existing` does not say what to do.
  Ledger(const SearchConfig& search, TuneFiles files, train::ExistingRun existing);

  /// Reads the records of a search that goes on. @param data fingerprint of the data.
  /// @throws core::Error(model) naming what differs when the search there is another one; (data) when a
  /// record is damaged.
  void read(const std::string& data, const std::vector<Trial>& trials, bool synthetic);
  /// Begins to write: the former search goes if it shall be overwritten.
  void open(const std::string& data);
  /// Keeps a trial's result and writes the results anew.
  void add(const metric::TrialResult& result);

  [[nodiscard]] const TuneFiles& files() const { return files_; }
  [[nodiscard]] bool resumed() const { return resumed_; }
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
  std::map<std::int64_t, metric::TrialResult> records_;
};

}  // namespace svhn::tune
