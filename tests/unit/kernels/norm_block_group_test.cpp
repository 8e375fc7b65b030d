/// A batch divided over several ranks (threads here) against the same operation on the complete batch.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "kernels/norm_block.h"
#include "unit/distributed/thread_group.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;

struct GroupOutcome {
  Tensor y, dx, dweight, dbias;
  BatchStatistics statistics;
};

/// @param first_row index of the first image of x in the batch.
GroupOutcome run_block(const Tensor& batch, const Tensor& seed, BlockActivation after, bool pool,
                       std::int64_t first_row, distributed::ProcessGroup* group) {
  const std::int64_t channels = batch.size(1);
  const Tensor leaf = batch.detach().clone().set_requires_grad(true);
  const Tensor weight = at::linspace(-1.0, 2.0, channels).set_requires_grad(true);
  const Tensor bias = at::linspace(0.5, -0.5, channels).set_requires_grad(true);
  NormBlock block{BlockActivation::selu, weight, bias, 1e-3, pool, 0.3, {.seed = 3, .first_row = first_row}};
  block.group = group;
  block.after = after;
  block.group_shift = at::full({channels}, 0.25);
  GroupOutcome outcome;
  const Tensor y = norm_block(leaf * 1.0, block, outcome.statistics);
  const auto gradients = torch::autograd::grad({y}, {leaf, weight, bias}, {seed});
  outcome.y = y.detach();
  outcome.dx = gradients[0];
  outcome.dweight = gradients[1];
  outcome.dbias = gradients[2];
  return outcome;
}

void expect_group_close(const Tensor& ours, const Tensor& theirs, const char* what) {
  EXPECT_TRUE(ours.allclose(theirs, 1e-4, 1e-5))
      << what << ": " << (ours - theirs).abs().max().item().toDouble();
}

void compare_group(const std::vector<std::int64_t>& shape, bool pool, const std::vector<std::int64_t>& sizes,
                   BlockActivation after = BlockActivation::linear) {
  torch::manual_seed(1);
  const Tensor batch = at::randn(shape) * 2.0 + 0.3;
  auto out = shape;
  if (pool) out = {shape[0], shape[1], shape[2] / 2, shape[3] / 2};
  const Tensor seed = at::randn(out);
  const GroupOutcome whole = run_block(batch, seed, after, pool, 0, nullptr);
  std::vector<GroupOutcome> parts(sizes.size());
  distributed::run_ranks(static_cast<int>(sizes.size()), [&](distributed::ProcessGroup& group) {
    const auto rank = static_cast<std::size_t>(group.rank());
    std::int64_t first = 0;
    for (std::size_t i = 0; i < rank; ++i) first += sizes[i];
    parts[rank] = run_block(batch.narrow(0, first, sizes[rank]), seed.narrow(0, first, sizes[rank]), after,
                            pool, first, &group);
  });
  std::vector<Tensor> y, dx;
  Tensor dweight = at::zeros({shape[1]}), dbias = at::zeros({shape[1]});
  for (const GroupOutcome& part : parts) {
    y.push_back(part.y);
    dx.push_back(part.dx);
    dweight = dweight + part.dweight;
    dbias = dbias + part.dbias;
    EXPECT_TRUE(part.statistics.mean.equal(parts[0].statistics.mean));
    EXPECT_TRUE(part.statistics.variance.equal(parts[0].statistics.variance));
    EXPECT_EQ(part.statistics.count, whole.statistics.count);
  }
  expect_group_close(at::cat(y), whole.y, "y");
  expect_group_close(at::cat(dx), whole.dx, "dx");
  expect_group_close(dweight, whole.dweight, "dweight");
  expect_group_close(dbias, whole.dbias, "dbias");
  expect_group_close(parts[0].statistics.mean, whole.statistics.mean, "mean");
  expect_group_close(parts[0].statistics.variance, whole.statistics.variance, "variance");
}

TEST(NormBlock, IsOneBatchForTheProcessesThatHoldIt) {
  compare_group({7, 6, 4, 6}, true, {4, 3});
  compare_group({7, 6, 4, 6}, false, {1, 5, 1});
  compare_group({9, 5}, false, {2, 7});
  for (const auto after : {BlockActivation::relu, BlockActivation::elu, BlockActivation::selu}) {
    compare_group({7, 6, 4, 6}, true, {4, 3}, after);
    compare_group({7, 6, 4, 6}, false, {1, 5, 1}, after);
    compare_group({9, 5}, false, {2, 7}, after);
  }
}

}  // namespace
}  // namespace svhn::kernels
