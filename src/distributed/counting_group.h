#pragma once
/// Counts what one process hands to its group.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "distributed/process_group.h"

namespace svhn::distributed {

/// Another group's operations, counted. A ring of N processes sends 2 (N - 1) / N times the bytes of a sum.
class CountingProcessGroup : public ProcessGroup {
 public:
  /// @param group borrowed; must outlive this one.
  explicit CountingProcessGroup(ProcessGroup& group) : group_(group) {}

  [[nodiscard]] int rank() const override { return group_.rank(); }
  [[nodiscard]] int size() const override { return group_.size(); }
  std::unique_ptr<Work> start_all_reduce(const torch::Tensor& tensor) override;
  void broadcast(const torch::Tensor& tensor) override { group_.broadcast(tensor); }
  std::vector<std::string> all_gather(const std::string& text) override { return group_.all_gather(text); }

  [[nodiscard]] std::int64_t summed_bytes() const { return summed_bytes_; }
  [[nodiscard]] std::int64_t sums() const { return sums_; }

 private:
  ProcessGroup& group_;
  std::int64_t summed_bytes_ = 0;
  std::int64_t sums_ = 0;
};

}  // namespace svhn::distributed
