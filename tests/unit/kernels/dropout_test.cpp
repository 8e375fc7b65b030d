// N = batch, C, H, W; masks are compared as "is not zero", so inputs hold no zeros.
#include "kernels/dropout.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;

const DropoutKey kKey{.seed = 7, .stream = 0x1234'5678'9ABC'DEF0, .step = 3, .first_row = 0};

Tensor ones(at::IntArrayRef shape, torch::ScalarType dtype = torch::kFloat32) {
  return torch::ones(shape, torch::TensorOptions().dtype(dtype));
}

Tensor mask(const DropoutKey& key, double rate = 0.5) {
  return dropout(ones({16, 500}), rate, key).ne(0);
}

/// @returns the fraction of elements in which two masks agree.
double agreement(const Tensor& a, const Tensor& b) {
  return a.eq(b).to(torch::kFloat64).mean().item().toDouble();
}

TEST(Dropout, DropsTheRateAndScalesTheRest) {
  for (const double rate : {0.1, 0.3, 0.5, 0.9}) {
    const Tensor out = dropout(ones({64, 4000}, torch::kFloat64), rate, kKey);
    const double kept = out.ne(0).to(torch::kFloat64).mean().item().toDouble();
    // Five standard deviations of a binomial fraction of 256,000 draws.
    EXPECT_NEAR(kept, 1.0 - rate, 5.0 * std::sqrt(rate * (1.0 - rate) / 256000.0)) << rate;
    EXPECT_TRUE(at::where(out.ne(0), out - 1.0 / (1.0 - rate), out).abs().max().item().toDouble() < 1e-15);
    EXPECT_NEAR(out.mean().item().toDouble(), 1.0, 5.0 * std::sqrt(rate / (1.0 - rate) / 256000.0));
  }
}

TEST(Dropout, DrawsElementsIndependently) {
  const Tensor m = mask(kKey);
  // Five standard deviations of a fraction of 8,000 draws of 1/2: 0.028.
  EXPECT_NEAR(agreement(m.narrow(1, 0, 499), m.narrow(1, 1, 499)), 0.5, 0.028);
  EXPECT_NEAR(agreement(m.narrow(0, 0, 15), m.narrow(0, 1, 15)), 0.5, 0.03);
}

TEST(Dropout, ReturnsItsInputAtRateZero) {
  const Tensor x = ones({2, 3});
  EXPECT_TRUE(dropout(x, 0.0, kKey).is_same(x));
}

TEST(Dropout, DropsNearlyEverythingAtRatesNearOne) {
  const Tensor out = dropout(ones({10, 1000}, torch::kFloat64), 1.0 - 1e-12, kKey);
  EXPECT_EQ(out.ne(0).sum().item().toLong(), 0);
}

TEST(Dropout, DiffersByLayerStepSeedAndRow) {
  const Tensor m = mask(kKey);
  EXPECT_TRUE(m.equal(mask(kKey)));
  DropoutKey other = kKey;
  for (const std::uint64_t stream : {kKey.stream + 1, kKey.stream ^ (std::uint64_t{1} << 40)}) {
    other.stream = stream;
    EXPECT_NEAR(agreement(m, mask(other)), 0.5, 0.03);
  }
  other = kKey;
  for (const std::int64_t step : {std::int64_t{4}, kKey.step + (std::int64_t{1} << 32)}) {
    other.step = step;
    EXPECT_NEAR(agreement(m, mask(other)), 0.5, 0.03);
  }
  other = kKey;
  other.seed = 8;
  EXPECT_NEAR(agreement(m, mask(other)), 0.5, 0.03);
}

TEST(Dropout, GivesAPartOfABatchItsRowsOfTheWholeBatchsMask) {
  DropoutKey later = kKey;
  later.first_row = 6;
  const Tensor part = dropout(ones({10, 500}), 0.5, later).ne(0);
  EXPECT_TRUE(part.equal(mask(kKey).narrow(0, 6, 10)));
}

TEST(Dropout, DoesNotDependOnThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor one = mask(kKey, 0.3);
  at::set_num_threads(2);
  const Tensor two = mask(kKey, 0.3);
  at::set_num_threads(before);
  EXPECT_TRUE(one.equal(two));
}

TEST(Dropout, HasOneMaskForEveryType) {
  const Tensor x = torch::linspace(-3.0, 3.0, 4000, torch::kFloat64).add(1e-4).view({8, 500});
  const Tensor exact = dropout(x, 0.3, kKey);
  const Tensor single = dropout(x.to(torch::kFloat32), 0.3, kKey);
  EXPECT_EQ(single.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(single.ne(0).equal(exact.ne(0)));
  EXPECT_TRUE(at::allclose(single.to(torch::kFloat64), exact, 1e-6, 0));
  const Tensor half = x.to(torch::kBFloat16);
  const Tensor low = dropout(half, 0.3, kKey);
  EXPECT_EQ(low.scalar_type(), torch::kBFloat16);
  // The product in float32, rounded to the nearest bfloat16 by LibTorch.
  const Tensor product = (half.to(torch::kFloat32) * static_cast<float>(1.0 / 0.7)).to(torch::kBFloat16);
  EXPECT_TRUE(low.equal(at::where(exact.ne(0), product, torch::zeros_like(product))));
}

TEST(Dropout, KeepsInfinityAndNaNInBfloat16) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = torch::tensor({inf, -inf, std::nanf("")}).to(torch::kBFloat16).repeat({1, 50});
  const Tensor out = dropout(x, 0.5, kKey).to(torch::kFloat32).view({50, 3});
  const Tensor kept = dropout_kept(1, 150, 0.5, kKey, torch::kCPU).view({50, 3});
  EXPECT_TRUE(out.select(1, 0).isposinf().equal(kept.select(1, 0)));
  EXPECT_TRUE(out.select(1, 1).isneginf().equal(kept.select(1, 1)));
  EXPECT_TRUE(out.select(1, 2).isnan().equal(kept.select(1, 2)));
}

TEST(Dropout, RefusesTypesItDoesNotKnow) {
  EXPECT_THROW(dropout(ones({2, 2}, torch::kFloat16), 0.5, kKey), core::Error);
}

void expect_same_mask_backward(const Tensor& input, const Tensor& upstream) {
  const Tensor x = input.detach().requires_grad_(true);
  const Tensor out = dropout(x, 0.4, kKey);
  out.backward(upstream);
  const Tensor expected = at::where(out.ne(0), upstream / 0.6, torch::zeros_like(upstream));
  EXPECT_TRUE(at::allclose(x.grad(), expected, 1e-12, 0));
}

TEST(Dropout, PassesGradientsThroughTheSameMaskInEveryLayout) {
  const Tensor x = ones({3, 4, 5, 6}, torch::kFloat64);
  const Tensor nhwc = x.contiguous(at::MemoryFormat::ChannelsLast);
  const Tensor upstream = torch::arange(1.0, 361.0, torch::kFloat64).view({3, 4, 5, 6});
  const Tensor upstream_nhwc = upstream.contiguous(at::MemoryFormat::ChannelsLast);
  expect_same_mask_backward(x, upstream);
  expect_same_mask_backward(x, upstream_nhwc);
  expect_same_mask_backward(nhwc, upstream);
  expect_same_mask_backward(nhwc, upstream_nhwc);
  expect_same_mask_backward(x, torch::full({1}, 2.5, torch::kFloat64).expand({3, 4, 5, 6}));
  expect_same_mask_backward(ones({3, 4, 6, 5}, torch::kFloat64).transpose(2, 3), upstream);
  expect_same_mask_backward(ones({3, 4, 5, 12}, torch::kFloat64).slice(3, 0, 12, 2), upstream);
}

TEST(Dropout, KeepsTheLayoutOfItsInput) {
  const Tensor x = ones({2, 4, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_EQ(dropout(x, 0.5, kKey).strides(), x.strides());
}

TEST(Dropout, TakesNoImages) {
  EXPECT_EQ(dropout(ones({0, 4}), 0.5, kKey).sizes(), (std::vector<std::int64_t>{0, 4}));
}

TEST(DropoutKept, IsTheProcessorsMaskForOtherDevices) {
  for (const double rate : {0.1, 0.5, 0.93}) {
    DropoutKey key = kKey;
    key.first_row = 1'000'000'007;
    const Tensor expected = dropout(ones({5, 30'000}), rate, key).ne(0);
    EXPECT_TRUE(dropout_kept(5, 30'000, rate, key, torch::kCPU).equal(expected)) << rate;
  }
}

}  // namespace
}  // namespace svhn::kernels
