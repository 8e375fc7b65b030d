#pragma once
/// Means and variances over values that lie in several processes. C = channels.

#include <torch/types.h>

#include "distributed/process_group.h"

namespace svhn::distributed {

/// f64 [C] each.
struct ChannelMoments {
  torch::Tensor mean;
  torch::Tensor variance;  ///< Biased: divided by the number of values.
  double count = 0.0;      ///< Values of each channel.
};

/// @param own of this process; its count may be 0, and its tensors are not looked at then.
/// @param shift [C], the same on every process and best near the mean (a running mean is): the digits that a
/// mean far from zero would cost are kept.
/// @returns those of all values, the same bits on every process.
ChannelMoments all_reduce_moments(const ChannelMoments& own, const torch::Tensor& shift, ProcessGroup& group);

}  // namespace svhn::distributed
