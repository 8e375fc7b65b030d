#pragma once
/// The processes that work on one search: they draw tickets, and each tells all others what it has found.
/// Rank 0 leads: it alone writes the results and speaks to the user.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "distributed/store.h"

namespace svhn::tune {

/// All operations: @throws core::Error(device) when the leader was lost.
class TrialQueue {
 public:
  /// @param store empty: this process works alone, and every operation is trivial.
  explicit TrialQueue(std::shared_ptr<distributed::Store> store) : store_(std::move(store)) {}

  [[nodiscard]] bool alone() const { return store_ == nullptr; }
  [[nodiscard]] int rank() const { return alone() ? 0 : store_->rank(); }
  [[nodiscard]] bool leads() const { return rank() == 0; }

  /// @returns 0, 1, 2, …: each number of a queue to one process alone.
  std::int64_t next_index(const std::string& queue);

  /// Tells all others. Nothing is lost by this process's death afterwards.
  void publish(const std::string& message);
  /// @returns what the others have told since, each process's messages in their order.
  std::vector<std::string> poll();

  /// What the leader states once, before anybody works.
  void state(const std::string& text) { store_->set(key("search"), text); }
  /// Waits for it. @throws core::Error also what the leader failed with.
  std::string statement() { return store_->get(key("search")); }

  /// Says that this process trains a trial from now on.
  void own(std::int64_t trial);
  /// @returns whether no other process has said so since.
  bool owns(std::int64_t trial);
  /// @returns whether a process that is here has said so.
  bool has_owner(std::int64_t trial);

  [[nodiscard]] bool has_failure() const { return !alone() && store_->has_failure(); }
  /// @throws core::Error what another process failed with, or device when the leader was lost.
  void check_trouble();
  /// @returns the processes that fell silent since the last call.
  std::vector<int> newly_lost();

  /// Asks all to stop as if each had received this signal. Never throws.
  void stop(int signal);
  /// Receives that signal. @see core::stop_signal
  void obey_stop();

 private:
  static std::string key(const std::string& name) { return "tune/" + name; }

  std::shared_ptr<distributed::Store> store_;
  std::map<std::string, std::int64_t> tickets_;  // Without a store.
  std::int64_t told_ = 0;
  std::map<int, std::int64_t> heard_;  // By rank.
  std::vector<int> lost_;
};

}  // namespace svhn::tune
