#pragma once
/// A small memory that the processes of one run share: texts by name, and counters. Rank 0 holds it, so it
/// lives as long as rank 0 does; any other process may die without harm to it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace svhn::distributed {

/// Names and texts of any bytes; texts of up to some megabytes. May be called from any thread.
/// All operations: @throws core::Error(device), within the time-out, when rank 0 was lost.
class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// Takes the next number of a queue. @returns 0, 1, 2, …: each number to one caller alone.
  virtual std::int64_t next_index(const std::string& queue) = 0;
  virtual void set(const std::string& key, const std::string& value) = 0;
  /// @returns the value, or nothing when nobody has set it.
  virtual std::optional<std::string> try_get(const std::string& key) = 0;
  /// Waits until somebody has set it. @throws core::Error(device) also when nobody did within the time-out.
  virtual std::string get(const std::string& key) = 0;

  /// @returns the ranks that have been silent for some seconds and did not say that they leave, ascending. A
  /// process that works, however long, is not silent; one that was killed, stopped or cut off is. The silence
  /// is counted between calls, so ask again and again.
  virtual std::vector<int> lost() = 0;

  /// Tells the others why this process ends with an error; the first to tell decides what all of them end
  /// with. Rank 0 waits until the others have heard it, for a few seconds at most. Never throws.
  virtual void fail(const core::Error& error) = 0;
  /// @returns whether a rank has told of a failure, or rank 0 was lost. Costs nothing: news come by
  /// themselves.
  [[nodiscard]] virtual bool has_failure() const = 0;
  /// After an operation between the processes has failed: finds out why, and tells the others. Never throws.
  /// @returns the error to throw: what another rank failed with, or device, naming the lost ranks.
  virtual core::Error find_failure() = 0;
  /// Says that this process has done its part. Rank 0 waits until all others have said so or are lost. Never
  /// throws.
  virtual void leave() = 0;
};

}  // namespace svhn::distributed
