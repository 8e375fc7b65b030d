#pragma once
/// The processes of one run (ranks 0 to size-1), which compute the same steps on different images.
/// Every rank calls the same operations in the same order; results do not depend on timing.

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace svhn::distributed {

/// A reduction under way.
class Work {
 public:
  virtual ~Work() = default;
  /// Waits until the tensor holds the result. @throws as the operation that was started.
  virtual void wait() = 0;
};

/// All operations: @throws core::Error(device), within the group's time-out, naming the ranks that were lost.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// Starts adding up `tensor` over all ranks, in place; do not touch it before `wait`.
  /// @param tensor contiguous, of the same shape and dtype (float32, float64, int64) everywhere.
  /// @returns the same bits on every rank, and for a given size from run to run.
  virtual std::unique_ptr<Work> start_all_reduce(const torch::Tensor& tensor) = 0;
  /// Copies rank 0's `tensor` to the others, in place.
  virtual void broadcast(const torch::Tensor& tensor) = 0;
  /// @returns every rank's text, by rank.
  virtual std::vector<std::string> all_gather(const std::string& text) = 0;

  void all_reduce(const torch::Tensor& tensor) { start_all_reduce(tensor)->wait(); }
  /// @returns rank 0's text.
  std::string broadcast(const std::string& text) {
    return all_gather(rank() == 0 ? text : std::string()).front();
  }
  /// Waits until every rank is here.
  void barrier() { all_gather({}); }
};

}  // namespace svhn::distributed
