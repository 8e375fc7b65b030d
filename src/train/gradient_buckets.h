#pragma once
/// all_reduce of the gradients in buckets, while backward runs.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "distributed/process_group.h"
#include "train/parameters.h"

namespace svhn::train {

/// A contiguous range of the flat gradient that is reduced at once; it holds complete tensors.
struct GradientBucket {
  std::int64_t first = 0;  ///< Index of its first element in the flat gradient.
  std::int64_t count = 0;
  std::size_t first_tensor = 0;
  std::size_t tensors = 0;
};

/// Divides a flat gradient into buckets, from the end, as backward finishes the last tensors first.
/// @param sizes elements of each tensor, in flat order. @param at_least minimum elements
/// of every bucket except the last.
/// @returns the buckets in order of their reduction.
std::vector<GradientBucket> plan_buckets(std::span<const std::int64_t> sizes, std::int64_t at_least);

/// Starts the all_reduce of each bucket when backward has finished its tensors and all buckets before it have
/// been started, so that the order is the same on every process.
/// @see Li et al. 2020, "PyTorch Distributed", section 3.2
class GradientBuckets {
 public:
  /// Times an all_reduce of all gradients, so every process of the group must construct it together.
  /// @param parameters,group borrowed; must outlive this.
  GradientBuckets(const FlatParameters& parameters, distributed::ProcessGroup& group);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// Prepares a step; call it before backward, with zero gradients.
  void begin();
  /// Waits until the gradients hold the sums over all processes; call it after backward.
  /// @returns the seconds that it waited.
  double finish();
  /// @returns seconds of one all_reduce of all gradients with no computation beside it.
  [[nodiscard]] double all_reduce_seconds() const { return all_reduce_seconds_; }
  [[nodiscard]] const std::vector<GradientBucket>& plan() const { return buckets_; }

 private:
  struct Hooks;
  struct Hook;

  void ready(std::size_t bucket);
  void start_next();
  void time_all_reduce();

  distributed::ProcessGroup& group_;
  std::vector<GradientBucket> buckets_;
  std::vector<torch::Tensor> parts_;  // Views of the flat gradient, by bucket.
  std::vector<std::size_t> missing_;  // Unfinished tensors of each bucket.
  std::vector<std::unique_ptr<distributed::Work>> pending_;
  std::unique_ptr<Hooks> hooks_;
  double all_reduce_seconds_ = 0.0;
};

}  // namespace svhn::train
