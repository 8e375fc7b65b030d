#pragma once
/// The processes that share a search: they take indices of a queue and publish their results. Rank 0 is the
/// leader: it alone writes the results and reports to the user.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "distributed/store.h"
#include "tune/search_lock.h"
#include "tune/tune_files.h"

namespace svhn::tune {

/// The shared state of the processes. All operations: @throws core::Error(device) when the leader was lost.
class TrialQueue {
 public:
  /// @param store empty: this is the only process, and every operation is trivial.
  explicit TrialQueue(std::shared_ptr<distributed::Store> store) : store_(std::move(store)) {}

  [[nodiscard]] bool alone() const { return store_ == nullptr; }
  [[nodiscard]] int rank() const { return alone() ? 0 : store_->rank(); }
  [[nodiscard]] bool leads() const { return rank() == 0; }

  /// @returns the next of 0, 1, 2, … of a queue; no two processes get the same.
  std::int64_t next_index(const std::string& queue);

  /// Sends a message to all others. It is not lost when this process dies afterwards.
  void publish(const std::string& message);
  /// @returns the new messages of the others, those of each process in their order.
  std::vector<std::string> poll();

  /// Publishes the leader's terms, once, before any trial runs.
  void set_terms(const std::string& text) { store_->set(key("search"), text); }
  /// Waits for the leader's terms. @throws core::Error also the leader's failure.
  std::string terms() { return store_->get(key("search")); }

  /// Makes this process the owner of a trial, which it trains.
  void own(std::int64_t trial);
  /// @returns whether this process still is the owner.
  bool owns(std::int64_t trial);
  /// @returns whether a process that is not lost is the owner.
  bool has_owner(std::int64_t trial);

  [[nodiscard]] bool has_failure() const { return !alone() && store_->has_failure(); }
  /// @throws core::Error the failure of another process; (device) when the leader was lost.
  void check_failure();
  /// @returns the ranks that were lost since the last call.
  std::vector<int> newly_lost();

  /// Asks all processes to stop as if each had received this signal. Never throws.
  void stop(int signal);
  /// Raises the signal that another process asked for. @see core::stop_signal
  void obey_stop();

 private:
  static std::string key(const std::string& name) { return "tune/" + name; }

  std::shared_ptr<distributed::Store> store_;
  std::map<std::string, std::int64_t> indices_;  // Next index of each queue, without a store.
  std::int64_t published_ = 0;                   // Number of messages.
  std::map<int, std::int64_t> received_;         // Number of messages, by rank.
  std::vector<int> lost_;
};

/// Locks the search for this process and those that it leads, and writes the owner into the lock file.
/// @throws core::Error(usage) when another process has locked it.
void lock_search(SearchLock& lock, const TuneFiles& files);

/// Rank 0: publishes what is searched and how it is computed, once its files are written.
/// @param terms must be equal on all ranks.
void start_handshake(TrialQueue& queue, const TuneFiles& files, const nlohmann::ordered_json& terms);

/// The others: waits for rank 0 and compares. @param patience how long to wait until the lock file is visible
/// here.
/// @throws core::Error(usage) naming the term that differs, or the folder.
void join_handshake(TrialQueue& queue, const TuneFiles& files, const nlohmann::ordered_json& terms,
                    std::chrono::milliseconds patience);

/// The others: checks the file system. @throws core::Error(data) when rank 0's lock has no effect here.
void check_locks(SearchLock& lock, const TuneFiles& files);

}  // namespace svhn::tune
