#pragma once
/// Key-value store that the processes of one run share. It lives in rank 0, and ends with it; the loss of any
/// other process does not harm it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace svhn::distributed {

/// Keys and values are any bytes; values of up to some megabytes. Thread-safe.
/// All operations: @throws core::Error(device), within the timeout, when rank 0 was lost.
class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// Takes the next index of a queue. @returns 0, 1, 2, …: no two callers get the same.
  virtual std::int64_t next_index(const std::string& queue) = 0;
  virtual void set(const std::string& key, const std::string& value) = 0;
  /// @returns the value, or nothing when no rank has set it.
  virtual std::optional<std::string> try_get(const std::string& key) = 0;
  /// Waits until a rank has set it. @throws core::Error(device) also when none did within the timeout.
  virtual std::string get(const std::string& key) = 0;

  /// @returns the ranks that have sent no heartbeat for some seconds and did not call `leave`, ascending. A
  /// process that works, however long, sends heartbeats; one that was killed, stopped or cut off does not.
  /// The seconds are counted between calls, so call it repeatedly.
  virtual std::vector<int> lost() = 0;

  /// Publishes a failure notice: why this process ends with an error. The first notice decides the error that
  /// all ranks end with. Rank 0 waits until the others have read it, for a few seconds at most. Never throws.
  virtual void fail(const core::Error& error) = 0;
  /// @returns whether a rank has published a failure notice, or rank 0 was lost. Cheap: the heartbeat thread
  /// polls for notices.
  [[nodiscard]] virtual bool has_failure() const = 0;
  /// To be called after an operation between the processes has failed: finds the reason and publishes it.
  /// Never throws.
  /// @returns the error to throw: what another rank failed with, or device, naming the lost ranks.
  virtual core::Error find_failure() = 0;
  /// Marks this process as done. Rank 0 waits until all others have called it or are lost. Never throws.
  virtual void leave() = 0;
};

}  // namespace svhn::distributed
