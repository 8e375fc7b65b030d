// A batch that several processes (threads here) share, by fused nodes, against one process.
#include <gtest/gtest.h>

#include "unit/distributed/thread_group.h"
#include "unit/network/branched.h"
#include "unit/network/outcome.h"

namespace svhn::network {
namespace {

using torch::Tensor;

/// The sum of the gradients of the ranks, and the statistics of the first.
Outcome run_shared(const std::function<Network()>& make, const Tensor& images, ForwardContext context,
                   const std::vector<std::int64_t>& sizes) {
  std::vector<Outcome> parts(sizes.size());
  const auto shards = images.split_with_sizes(sizes);
  distributed::run_ranks(static_cast<int>(sizes.size()), [&](distributed::ProcessGroup& group) {
    const auto rank = static_cast<std::size_t>(group.rank());
    ForwardContext own = context;
    own.group = &group;
    for (std::size_t i = 0; i < rank; ++i) own.first_row += sizes[i];
    parts[rank] = run_step(make(), shards[rank].contiguous(), own, false);
  });
  Outcome all = parts[0];
  for (std::size_t rank = 1; rank < parts.size(); ++rank) {
    all.logits = at::cat({all.logits, parts[rank].logits});
    for (std::size_t i = 0; i < all.gradients.size(); ++i) {
      EXPECT_TRUE(all.tensors[i].equal(parts[rank].tensors[i])) << "the ranks' statistics differ";
      if (all.gradients[i].defined()) all.gradients[i] = all.gradients[i] + parts[rank].gradients[i];
    }
  }
  return all;
}

TEST(FusedNodes, ShareABatchAsOneProcess) {
  const ForwardContext context{.training = true, .seed = 4, .step = 9};
  for (const char* name : kBranchedConfigs) {
    SCOPED_TRACE(name);
    const Tensor x = branched_images(8);
    const auto make = [&] { return branched_network(name); };
    const Outcome exact =
        run_step(branched_network(name, torch::kFloat64), x.to(torch::kFloat64), context, true);
    const Outcome shared = run_shared(make, x, context, {5, 3});
    EXPECT_LE(relative_difference(shared.logits, exact.logits), 1e-5);
    for (std::size_t i = 0; i < exact.tensors.size(); ++i)
      EXPECT_LE(relative_difference(shared.tensors[i], exact.tensors[i]), 1e-5) << i;
    // A ReLU whose input is 0 up to rounding decides for each of them alone: some thousandths of a gradient.
    EXPECT_LE(gradient_distance(shared, exact), 0.02);
  }
}

}  // namespace
}  // namespace svhn::network
