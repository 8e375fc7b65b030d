#pragma once
/// Adds up the gradients of all processes while backward still runs.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "distributed/process_group.h"
#include "train/parameters.h"

namespace svhn::train {

/// Neighbours in the flat gradient that are reduced together: whole tensors.
struct GradientBucket {
  std::int64_t first = 0;  ///< Number in the flat gradient.
  std::int64_t count = 0;
  std::size_t first_tensor = 0;
  std::size_t tensors = 0;
};

/// Cuts a flat gradient into buckets in the order in which backward finishes them, from its end on.
/// @param sizes numbers of each tensor, in the flat order. @param at_least numbers of a bucket but the last.
std::vector<GradientBucket> plan_buckets(std::span<const std::int64_t> sizes, std::int64_t at_least);

/// Starts each bucket's reduction as soon as backward has finished its tensors, in the same order on every
/// process: a bucket waits for those before it. @see Li et al. 2020, "PyTorch Distributed", section 3.2
class GradientBuckets {
 public:
  /// @param parameters, group borrowed; must outlive this. Every process constructs it at the same time:
  /// a reduction with nothing beside it is timed.
  GradientBuckets(const FlatParameters& parameters, distributed::ProcessGroup& group);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// Call it before each backward; the gradients are zero.
  void begin();
  /// Call it after backward: the gradients hold the sums over all processes then.
  /// @returns the seconds that it waited.
  double finish();
  [[nodiscard]] double alone_seconds() const { return alone_seconds_; }  ///< Of a whole reduction, idle.
  [[nodiscard]] const std::vector<GradientBucket>& plan() const { return buckets_; }

 private:
  struct Hooks;
  struct Hook;

  void ready(std::size_t bucket);
  void start_next();
  void time_alone();

  distributed::ProcessGroup& group_;
  std::vector<GradientBucket> buckets_;
  std::vector<torch::Tensor> parts_;  // Of the flat gradient, by bucket.
  std::vector<std::size_t> missing_;  // Tensors that backward owes each bucket.
  std::vector<std::unique_ptr<distributed::Work>> pending_;
  std::unique_ptr<Hooks> hooks_;
  double alone_seconds_ = 0.0;
};

}  // namespace svhn::train
