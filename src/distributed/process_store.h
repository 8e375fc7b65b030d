#pragma once
/// One process among those of a run: the shared memory, who lives, and why it ended.

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
  bool serves = false;          ///< The store lives in this process.
  bool launcher_store = false;  ///< It lives in no process of the run, but in its launcher.
  std::chrono::milliseconds timeout{60'000};
};

class ProcessStore : public Store {
 public:
  /// Waits until all are here. @throws core::Error(device) naming those who did not come, core::Error(usage)
  /// when two have the same rank, or another number of processes in mind.
  ProcessStore(const ProcessStoreOptions& options, const OpenStore& open);

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
  struct Sign {
    std::int64_t beats = -1;
    core::Clock::time_point changed;
  };

  /// Calls the store; its failure is rank 0's loss.
  template <class R>
  R ask(const std::function<R(RawStore&)>& task);
  void enter();
  void wait_for_all();
  /// @returns what reads each rank's counter of this name.
  [[nodiscard]] std::function<Counters(RawStore&)> read_counters(const std::string& name) const;
  /// Reads them within a few seconds. @throws std::exception
  Counters counters(const std::string& name);
  /// Makes notice of it, unless there are some, and sees to it that they are heard.
  void publish(const std::string& notice);
  std::string find_reason();
  [[nodiscard]] Milliseconds silence() const;

  ProcessStoreOptions options_;
  StoreClient client_;
  std::atomic<bool> broken_ = false;
  std::mutex mutex_;
  std::vector<Sign> signs_;
};

}  // namespace svhn::distributed
