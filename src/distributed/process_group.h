#pragma once
/// The processes of one run (ranks 0 to size-1), which compute the same steps on different images.
/// Every rank calls the same operations in the same order; results do not depend on timing.

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace svhn::distributed {

/// An asynchronous operation, as torch.distributed's Work.
class Work {
 public:
  virtual ~Work() = default;
  /// Waits until the tensor holds the result. @throws as the operation that was started.
  virtual void wait() = 0;
};

/// All operations: @throws core::Error(device), within the group's timeout, naming the ranks that were lost.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;
  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// Starts to add up `tensor` over all ranks, in place; do not touch it before `wait`.
  /// @param tensor contiguous, of the same shape and dtype (float32, float64, int64) on every rank.
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
  /// Waits until every rank has called it.
  void barrier() { all_gather({}); }
};

/// Passes every operation on to another group and counts the all_reduce calls and their bytes. A ring of N
/// processes sends 2 (N - 1) / N times those bytes.
class CountingProcessGroup : public ProcessGroup {
 public:
  /// @param group borrowed; must outlive this one.
  explicit CountingProcessGroup(ProcessGroup& group) : group_(group) {}

  [[nodiscard]] int rank() const override { return group_.rank(); }
  [[nodiscard]] int size() const override { return group_.size(); }
  std::unique_ptr<Work> start_all_reduce(const torch::Tensor& tensor) override {
    all_reduce_bytes_ += static_cast<std::int64_t>(tensor.nbytes());
    ++all_reduces_;
    return group_.start_all_reduce(tensor);
  }
  void broadcast(const torch::Tensor& tensor) override { group_.broadcast(tensor); }
  std::vector<std::string> all_gather(const std::string& text) override { return group_.all_gather(text); }

  [[nodiscard]] std::int64_t all_reduce_bytes() const { return all_reduce_bytes_; }
  [[nodiscard]] std::int64_t all_reduces() const { return all_reduces_; }

 private:
  ProcessGroup& group_;
  std::int64_t all_reduce_bytes_ = 0;
  std::int64_t all_reduces_ = 0;
};

}  // namespace svhn::distributed
