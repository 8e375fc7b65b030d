#include "distributed/moments.h"

namespace svhn::distributed {

using torch::Tensor;

ChannelMoments all_reduce_moments(const ChannelMoments& own, const Tensor& shift, ProcessGroup& group) {
  const Tensor start = shift.detach().to(torch::kFloat64);
  const std::int64_t channels = start.numel();
  // n d, n (v + d^2) with d = mean - shift, and n.
  const Tensor sums = at::zeros({2 * channels + 1}, start.options());
  if (own.count > 0) {
    const Tensor d = own.mean - start;
    sums.narrow(0, 0, channels).copy_(d * own.count);
    sums.narrow(0, channels, channels).copy_((own.variance + d.square()) * own.count);
    sums.narrow(0, 2 * channels, 1).fill_(own.count);
  }
  group.all_reduce(sums);
  const double count = sums[2 * channels].item().toDouble();
  const Tensor d = sums.narrow(0, 0, channels) / count;
  const Tensor variance = sums.narrow(0, channels, channels) / count - d.square();
  return {start + d, variance.clamp_min(0.0), count};
}

}  // namespace svhn::distributed
