#pragma once
/// Mean and variance of values that are distributed over several processes. C = channels.

#include <torch/types.h>

#include "distributed/process_group.h"

namespace svhn::distributed {

/// Statistics of each channel, f64 [C] each.
struct ChannelMoments {
  torch::Tensor mean;
  torch::Tensor variance;  ///< Biased: divided by the number of values.
  double count = 0.0;      ///< Values per channel.
};

/// Combines the moments of all processes with one all_reduce.
/// @param own of this process; with a count of 0 its tensors are not read.
/// @param shift [C], the same on every process, best near the mean (e.g. the running mean): sums are of
/// x - shift, so that a mean far from zero costs no digits.
/// @returns the moments of all values, the same bits on every process.
ChannelMoments all_reduce_moments(const ChannelMoments& own, const torch::Tensor& shift, ProcessGroup& group);

}  // namespace svhn::distributed
