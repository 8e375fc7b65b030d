#pragma once
/// The Store on a connection: heartbeats, lost ranks and the failure notice.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "distributed/store.h"
#include "distributed/store_client.h"

namespace svhn::distributed {

struct ProcessStoreOptions {
  int rank = 0;
  int size = 2;
  bool is_server = false;       ///< This process serves the store.
  bool launcher_store = false;  ///< The launcher serves it, and no process of the run.
  std::chrono::milliseconds timeout{60'000};
};

class ProcessStore : public Store {
 public:
  /// Waits until all ranks are connected. @throws core::Error(device) naming those that did not come in time,
  /// core::Error(usage) when two processes have the same rank or different numbers of processes.
  ProcessStore(const ProcessStoreOptions& options, const OpenConnection& open);

  [[nodiscard]] int rank() const override { return options_.rank; }
  [[nodiscard]] int size() const override { return options_.size; }
  std::int64_t next_index(const std::string& queue) override;
  void set(const std::string& key, const std::string& value) override;
  std::optional<std::string> try_get(const std::string& key) override;
  std::string get(const std::string& key) override;
  std::vector<int> lost() override;
  void fail(const core::Error& error) override;
  [[nodiscard]] bool has_failure() const override;
  core::Error find_failure() override;
  void leave() override;

 private:
  using Milliseconds = std::chrono::milliseconds;
  using Counters = std::vector<std::int64_t>;
  struct Heartbeat {
    std::int64_t count = -1;
    core::Clock::time_point changed;
  };

  /// Calls the store. @throws core::Error: the failure notice, or rank 0's loss when the call fails.
  template <class R>
  R call(const std::function<R(StoreConnection&)>& task);
  void register_rank();
  void wait_for_all();
  /// @returns a task that reads each rank's counter of this name.
  [[nodiscard]] std::function<Counters(StoreConnection&)> read_counters(const std::string& name) const;
  /// Reads each rank's counter within `silence_limit`. @throws std::exception
  Counters counters(const std::string& name);
  /// Publishes the failure notice unless there is one or `notice` is empty; the process that serves the store
  /// waits until all that came and live have read it.
  void publish(const std::string& notice);
  [[nodiscard]] bool all_have_heard();
  /// @returns the other ranks that have not left and whose counter stood still for `silence_limit`.
  std::vector<int> silent_ranks(const Counters& left, const Counters& beats);
  std::string find_reason();
  /// @returns the time without a heartbeat after which a rank counts as lost.
  [[nodiscard]] Milliseconds silence_limit() const;

  ProcessStoreOptions options_;
  StoreClient client_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::vector<Heartbeat> heartbeats_;
};

}  // namespace svhn::distributed
