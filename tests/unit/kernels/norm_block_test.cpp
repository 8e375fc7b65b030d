// Against LibTorch's separate operations in float64: values, statistics and every gradient.
// N, C, H, W = batch, channels, height, width.
#include "kernels/norm_block.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

namespace svhn::kernels {
namespace {

using torch::Tensor;

const DropoutKey kPlace{.seed = 3, .stream = 5, .step = 7, .first_row = 64};
constexpr double kEpsilon = 1e-3;

struct Case {
  BlockActivation activation = BlockActivation::selu;
  std::vector<std::int64_t> shape{6, 24, 8, 6};
  bool pool = false;
  double rate = 0.0;
  torch::ScalarType dtype = torch::kFloat32;
  BlockActivation after = BlockActivation::linear;
};

/// An operation's output, and the gradients of sum(y * seed).
struct Outcome {
  Tensor y, dx, dweight, dbias, mean, variance;
};

Tensor activate(const Tensor& x, BlockActivation activation) {
  switch (activation) {
    case BlockActivation::relu:
      return at::relu(x);
    case BlockActivation::elu:
      return at::elu(x);
    case BlockActivation::selu:
      return at::selu(x);
    case BlockActivation::linear:
      break;
  }
  return x * 1.0;
}

Tensor draw(at::IntArrayRef shape, double scale = 1.0, double offset = 0.0) {
  return torch::randn(shape, torch::kFloat64) * scale + offset;
}

/// Channels-last order, in which dropout masks count the elements.
Tensor innermost(const Tensor& x) {
  return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
}

struct Inputs {
  Tensor x, weight, bias, seed;

  explicit Inputs(const Case& c) {
    torch::manual_seed(1);
    const auto channels = c.shape[1];
    // Rounded to the tested dtype first, so that both sides have the same inputs.
    x = innermost(draw(c.shape, 2.0, 0.3).to(c.dtype)).to(torch::kFloat64);
    weight = draw({channels}).to(torch::kFloat32).to(torch::kFloat64);  // Negative ones too.
    bias = draw({channels}).to(torch::kFloat32).to(torch::kFloat64);
    auto out = c.shape;
    if (c.pool) out = {out[0], out[1], out[2] / 2, out[3] / 2};
    seed = innermost(draw(out).to(c.dtype)).to(torch::kFloat64);
  }
};

void differentiate(const Tensor& y, const Tensor& seed, const std::vector<Tensor>& leaves, Outcome& outcome) {
  const auto gradients = torch::autograd::grad({y}, leaves, {seed.to(y.scalar_type())});
  outcome.y = y.detach();
  outcome.dx = gradients[0];
  outcome.dweight = gradients[1];
  outcome.dbias = gradients[2];
}

Outcome separately(const Case& c, const Inputs& inputs, torch::ScalarType arithmetic = torch::kFloat64) {
  Outcome outcome;
  const auto leaf = [&](const Tensor& x) { return x.to(arithmetic, false, true).requires_grad_(); };
  const Tensor x = leaf(inputs.x), weight = leaf(inputs.weight), bias = leaf(inputs.bias);
  Tensor a = activate(x, c.activation);
  // In bfloat16 the activation's output is rounded.
  if (c.dtype == torch::kBFloat16) a = a.to(c.dtype).to(torch::kFloat64);
  const std::vector<std::int64_t> others =
      c.shape.size() == 4 ? std::vector<std::int64_t>{0, 2, 3} : std::vector<std::int64_t>{0};
  outcome.mean = a.detach().mean(others);
  outcome.variance = a.detach().var(others, true);
  Tensor y = at::batch_norm(a, weight, bias, {}, {}, true, 0.0, kEpsilon, false);
  y = activate(y, c.after);
  if (c.pool) y = at::max_pool2d(y, {2, 2}, {2, 2});
  y = dropout(innermost(y), c.rate, kPlace);
  differentiate(y, inputs.seed, {x, weight, bias}, outcome);
  return outcome;
}

/// @param relu whether at::relu follows the block.
Outcome together(const Case& c, const Inputs& inputs, bool relu = false) {
  Outcome outcome;
  const Tensor leaf = inputs.x.to(c.dtype).requires_grad_(),
               weight = inputs.weight.to(torch::kFloat32).requires_grad_(),
               bias = inputs.bias.to(torch::kFloat32).requires_grad_();
  BatchStatistics statistics;
  const Tensor x = leaf * 1.0;  // The block overwrites its input.
  NormBlock block{c.activation, weight, bias, kEpsilon, c.pool, c.rate, kPlace};
  block.after = c.after;
  const Tensor z = norm_block(x, block, statistics), y = relu ? at::relu(z) : z;
  EXPECT_EQ(y.scalar_type(), c.dtype);
  differentiate(y, inputs.seed, {leaf, weight, bias}, outcome);
  outcome.mean = statistics.mean;
  outcome.variance = statistics.variance;
  return outcome;
}

/// @param tolerance relative to the largest magnitude.
void expect_close(const Tensor& ours, const Tensor& theirs, double tolerance, const char* what) {
  ASSERT_EQ(ours.sizes(), theirs.sizes()) << what;
  const double largest = theirs.abs().max().item().toDouble();
  const double error = (ours.to(torch::kFloat64) - theirs).abs().max().item().toDouble();
  EXPECT_LE(error, tolerance * largest) << what;
}

void compare(const Case& c) {
  const Inputs inputs(c);
  const Outcome theirs = separately(c, inputs), ours = together(c, inputs);
  // bfloat16 has 8 bits: half a step is 2^-9 of the number, and dx passes two roundings.
  const double tolerance = c.dtype == torch::kFloat32 ? 1e-5 : 0.008;
  expect_close(ours.y, theirs.y, tolerance, "y");
  expect_close(ours.dx, theirs.dx, tolerance, "dx");
  expect_close(ours.dweight, theirs.dweight, tolerance, "dweight");
  expect_close(ours.dbias, theirs.dbias, 1e-5, "dbias");
  expect_close(ours.mean, theirs.mean, 1e-5, "mean");
  expect_close(ours.variance, theirs.variance, 1e-5, "variance");
}

TEST(NormBlock, GivesWhatActivationAndBatchNormGive) {
  for (const auto activation :
       {BlockActivation::linear, BlockActivation::relu, BlockActivation::elu, BlockActivation::selu}) {
    SCOPED_TRACE(static_cast<int>(activation));
    compare({.activation = activation});
    compare({.activation = activation, .dtype = torch::kBFloat16});
  }
}

TEST(NormBlock, PoolsAndDrops) {
  compare({.pool = true});
  compare({.rate = 0.3});
  compare({.pool = true, .rate = 0.3});
  compare({.pool = true, .rate = 0.3, .dtype = torch::kBFloat16});
}

constexpr BlockActivation kAfter[] = {BlockActivation::relu, BlockActivation::elu, BlockActivation::selu};

TEST(NormBlock, AppliesASecondActivation) {
  for (const auto after : kAfter) {
    SCOPED_TRACE(static_cast<int>(after));
    const auto linear = BlockActivation::linear;
    compare({.activation = linear, .after = after});
    compare({.activation = linear, .dtype = torch::kBFloat16, .after = after});
    compare({.activation = BlockActivation::selu, .after = after});
    compare({.activation = linear, .pool = true, .after = after});
    compare({.activation = linear, .rate = 0.3, .after = after});
    compare({.activation = linear, .pool = true, .rate = 0.3, .after = after});
    compare({.activation = linear, .pool = true, .rate = 0.3, .dtype = torch::kBFloat16, .after = after});
    compare({.activation = linear, .shape = {64, 10}, .rate = 0.5, .after = after});
    compare({.activation = linear, .shape = {3, 5, 7, 9}, .after = after});
    compare({.activation = linear, .shape = {1, 1, 2, 2}, .pool = true, .after = after});
  }
  compare({.shape = {40, 32, 32, 32}, .pool = true, .rate = 0.2, .after = BlockActivation::elu});
}

TEST(NormBlock, GivesWhatLibtorchGivesInFloat32) {
  for (const auto after : kAfter) {
    for (const bool pool : {false, true}) {
      const Case c{.activation = BlockActivation::linear, .pool = pool, .after = after};
      const Inputs inputs(c);
      const Outcome theirs = separately(c, inputs, torch::kFloat32), ours = together(c, inputs);
      expect_close(ours.y, theirs.y, 1e-6, "y");
      expect_close(ours.dx, theirs.dx, 1e-6, "dx");
      expect_close(ours.dweight, theirs.dweight, 1e-6, "dweight");
      expect_close(ours.dbias, theirs.dbias, 1e-6, "dbias");
    }
  }
}

TEST(NormBlock, WithReluGivesTheBitsOfReluBehindIt) {
  for (const auto activation : {BlockActivation::linear, BlockActivation::selu}) {
    for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
      for (const bool pool : {false, true}) {
        Case c{.activation = activation, .pool = pool, .rate = 0.3, .dtype = dtype};
        const Inputs inputs(c);
        const Outcome theirs = together(c, inputs, true);
        c.after = BlockActivation::relu;
        const Outcome ours = together(c, inputs);
        EXPECT_TRUE(ours.y.equal(theirs.y));
        EXPECT_TRUE(ours.dx.equal(theirs.dx));
        EXPECT_TRUE(ours.dweight.equal(theirs.dweight));
        EXPECT_TRUE(ours.dbias.equal(theirs.dbias));
      }
    }
  }
}

TEST(NormBlock, OnlyReadsXWithoutAnActivationBeforeTheNorm) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const Tensor before = innermost(draw({3, 5, 8, 6}, 2.0).to(dtype)), x = before.clone().requires_grad_();
    BatchStatistics statistics;
    NormBlock block{.weight = torch::ones({5}), .bias = torch::zeros({5}), .pool = true};
    block.after = BlockActivation::relu;
    const Tensor y = norm_block(x, block, statistics);
    EXPECT_TRUE(x.equal(before));
    y.sum().backward();
    EXPECT_TRUE(x.equal(before));
    affine_epilogue(x.detach(), BlockActivation::selu, {}, {}, false, BlockActivation::relu);
    EXPECT_TRUE(x.equal(before));
  }
}

TEST(NormBlock, TakesFeatures) {
  compare({.shape = {64, 10}, .rate = 0.5});
  compare({.shape = {64, 128}, .dtype = torch::kBFloat16});
}

TEST(NormBlock, TakesLargeAndUnevenShapes) {
  compare({.shape = {40, 32, 32, 32}, .pool = true, .rate = 0.2});
  compare({.shape = {3, 5, 7, 9}});
  compare({.shape = {1, 1, 2, 2}, .pool = true});
}

TEST(NormBlock, SurvivesAMeanFarFromZero) {
  // The squares of 1000 +- 1 would leave a variance of 1 with three digits in float32.
  const Tensor x = draw({8, 3, 16, 16}, 1.0, 1000.0).to(torch::kFloat32);
  BatchStatistics statistics;
  const NormBlock block{.weight = torch::ones({3}), .bias = torch::zeros({3})};
  norm_block(x.clone(), block, statistics);
  expect_close(statistics.variance, x.to(torch::kFloat64).var({0, 2, 3}, true), 1e-5, "variance");
}

TEST(NormBlock, DoesNotDependOnTheThreads) {
  const Case c{.shape = {40, 32, 32, 32}, .pool = true, .rate = 0.2, .after = BlockActivation::elu};
  const Inputs inputs(c);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Outcome one = together(c, inputs);
  at::set_num_threads(3);
  const Outcome three = together(c, inputs);
  at::set_num_threads(before);
  EXPECT_TRUE(one.y.equal(three.y));
  EXPECT_TRUE(one.dx.equal(three.dx));
  EXPECT_TRUE(one.dweight.equal(three.dweight));
}

TEST(NormBlock, PassesOnANumberThatIsNotFinite) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    Tensor x = draw({2, 4, 4, 4}).to(dtype);
    x[1][2][3][0].fill_(std::numeric_limits<double>::quiet_NaN());
    BatchStatistics statistics;
    const NormBlock block{.activation = BlockActivation::selu,
                          .weight = torch::ones({4}),
                          .bias = torch::zeros({4}),
                          .pool = true};
    const Tensor y = norm_block(x, block, statistics);
    EXPECT_TRUE(y.select(1, 2).isnan().all().item().toBool());
    EXPECT_FALSE(y.select(1, 1).isnan().any().item().toBool());
  }
}

TEST(LineBlock, GivesWhatActivationLineAndPoolingGive) {
  for (const bool pool : {false, true}) {
    const Inputs inputs({.pool = pool});
    const auto wide = [](const Tensor& channel) { return channel.view({1, -1, 1, 1}); };
    Tensor theirs = at::selu(inputs.x) * wide(inputs.weight) + wide(inputs.bias);
    if (pool) theirs = at::max_pool2d(theirs, {2, 2}, {2, 2});
    const Tensor ours =
        affine_epilogue(inputs.x.to(torch::kFloat32), BlockActivation::selu,
                        inputs.weight.to(torch::kFloat32), inputs.bias.to(torch::kFloat32), pool);
    expect_close(ours, theirs, 1e-6, "y");
  }
}

TEST(LineBlock, AppliesASecondActivation) {
  const Inputs inputs({});
  const auto wide = [](const Tensor& channel) { return channel.view({1, -1, 1, 1}); };
  const auto narrow = [](const Tensor& x) { return x.to(torch::kFloat32); };
  const Tensor line = at::selu(inputs.x) * wide(inputs.weight) + wide(inputs.bias);
  for (const auto after : kAfter) {
    for (const bool pool : {false, true}) {
      Tensor theirs = activate(line, after);
      if (pool) theirs = at::max_pool2d(theirs, {2, 2}, {2, 2});
      const auto ours = [&](const Tensor& x) {
        return affine_epilogue(x, BlockActivation::selu, narrow(inputs.weight), narrow(inputs.bias), pool,
                               after);
      };
      expect_close(ours(narrow(inputs.x)), theirs, 1e-6, "y");
      expect_close(ours(inputs.x.to(torch::kBFloat16)), theirs, 0.008, "bfloat16");
    }
  }
  // Undefined scale and offset.
  expect_close(
      affine_epilogue(narrow(inputs.x), BlockActivation::linear, {}, {}, false, BlockActivation::relu),
      at::relu(inputs.x), 1e-6, "y");
}

TEST(BlockTakes, LeavesToOthersWhatItCannotDo) {
  EXPECT_TRUE(norm_block_supports(torch::ones({2, 3}), false));
  EXPECT_TRUE(norm_block_supports(torch::ones({2, 3, 4, 4}).to(torch::kBFloat16), true));
  EXPECT_FALSE(norm_block_supports(torch::ones({2, 3, 5, 4}), true));
  EXPECT_FALSE(norm_block_supports(torch::ones({2, 3}), true));
  EXPECT_FALSE(norm_block_supports(torch::ones({2, 3}, torch::kFloat64), false));
  EXPECT_FALSE(norm_block_supports(torch::ones({0, 3}), false));
}

}  // namespace
}  // namespace svhn::kernels
