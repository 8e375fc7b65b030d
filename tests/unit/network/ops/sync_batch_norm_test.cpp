/// Expected values: LibTorch's batch norm over the complete batch in one process.

#include "network/ops/tensor_ops.h"

#include <gtest/gtest.h>

#include <array>

#include "unit/distributed/thread_group.h"

namespace svhn::network {
namespace {

using torch::Tensor;

struct Result {
  Tensor output, input_gradient, weight_gradient, bias_gradient, mean, variance;
};

constexpr std::int64_t kChannels = 3;

BatchNormState make_norm(bool biased, torch::ScalarType type) {
  const auto start = [&](double first) {
    return at::arange(first, first + kChannels, torch::TensorOptions().dtype(type));
  };
  return {start(0.5).set_requires_grad(true),
          start(-1.0).set_requires_grad(true),
          start(2.0),
          start(1.0),
          1e-3,
          0.9,
          biased};
}

/// @param norm its running statistics are updated. @param weights of the outputs in the loss.
template <typename Normalize>
Result run(const Tensor& batch, const Tensor& weights, const BatchNormState& norm,
           const Normalize& normalized) {
  Tensor x = batch.detach().clone().set_requires_grad(true);
  const Tensor y = normalized(x * 1.0, norm);
  (y * weights).sum().backward();
  return {y.detach(), x.grad(), norm.weight.grad(), norm.bias.grad(), norm.mean, norm.variance};
}

Tensor numbers(at::IntArrayRef shape, std::int64_t seed) {
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  return at::randn(shape, torch::kFloat64) * 2.0 + 5.0;
}

/// Divides a batch over ranks and concatenates their results.
Result run_in_group(const Tensor& batch, const Tensor& weights, bool biased,
                    const std::vector<std::int64_t>& sizes, torch::ScalarType norm_type) {
  std::vector<Result> parts(sizes.size());
  const auto xs = batch.split_with_sizes(sizes), ws = weights.split_with_sizes(sizes);
  distributed::run_ranks(static_cast<int>(sizes.size()), [&](distributed::ProcessGroup& group) {
    const auto rank = static_cast<std::size_t>(group.rank());
    parts[rank] =
        run(xs[rank], ws[rank], make_norm(biased, norm_type),
            [&](const Tensor& x, const BatchNormState& norm) { return sync_batch_norm(x, norm, group); });
  });
  Result all = parts[0];
  for (std::size_t rank = 1; rank < parts.size(); ++rank) {
    const Result& part = parts[rank];
    all.output = at::cat({all.output, part.output});
    all.input_gradient = at::cat({all.input_gradient, part.input_gradient});
    all.weight_gradient = all.weight_gradient + part.weight_gradient;
    all.bias_gradient = all.bias_gradient + part.bias_gradient;
    EXPECT_TRUE(all.mean.equal(part.mean)) << "the ranks' statistics differ";
    EXPECT_TRUE(all.variance.equal(part.variance));
  }
  return all;
}

void expect_close(const Result& actual, const Result& expected, double tolerance) {
  const auto compare = [&](const Tensor& a, const Tensor& b, const char* what) {
    EXPECT_LE((a - b).abs().max().item().toDouble(), tolerance) << what;
  };
  compare(actual.output, expected.output, "output");
  compare(actual.input_gradient, expected.input_gradient, "gradient of the input");
  compare(actual.weight_gradient, expected.weight_gradient, "gradient of the weight");
  compare(actual.bias_gradient, expected.bias_gradient, "gradient of the bias");
  compare(actual.mean, expected.mean, "running mean");
  compare(actual.variance, expected.variance, "running variance");
}

Result run_alone(const Tensor& batch, const Tensor& weights, bool biased, torch::ScalarType norm_type) {
  return run(batch, weights, make_norm(biased, norm_type),
             [](const Tensor& x, const BatchNormState& norm) { return normalize(x, norm, true); });
}

TEST(NormalizeTogether, IsBatchNormOverTheImagesOfAllRanks) {
  for (const bool biased : {false, true}) {
    const Tensor batch = numbers({7, kChannels, 4, 5}, 1), weights = numbers({7, kChannels, 4, 5}, 2);
    const Result alone = run_alone(batch, weights, biased, torch::kFloat64);
    for (const auto& sizes : std::vector<std::vector<std::int64_t>>{{4, 3}, {1, 5, 1}, {7, 0}, {0, 3, 4}}) {
      expect_close(run_in_group(batch, weights, biased, sizes, torch::kFloat64), alone, 1e-11);
    }
  }
}

TEST(NormalizeTogether, TakesDenseFeatures) {
  const Tensor batch = numbers({6, kChannels}, 3), weights = numbers({6, kChannels}, 4);
  expect_close(run_in_group(batch, weights, true, {2, 4}, torch::kFloat64),
               run_alone(batch, weights, true, torch::kFloat64), 1e-11);
}

TEST(NormalizeTogether, TakesChannelsInnermost) {
  const auto last = at::MemoryFormat::ChannelsLast;
  const Tensor batch = numbers({6, kChannels, 4, 4}, 5), weights = numbers({6, kChannels, 4, 4}, 6);
  expect_close(run_in_group(batch.contiguous(last), weights.contiguous(last), false, {2, 4}, torch::kFloat64),
               run_alone(batch, weights, false, torch::kFloat64), 1e-11);
}

/// A bfloat16 number has 8 bits, so results of size 8 are known to 1/32.
TEST(NormalizeTogether, TakesBfloat16WithStatisticsInFloat32) {
  const auto last = at::MemoryFormat::ChannelsLast;
  const Tensor batch = numbers({6, kChannels, 4, 4}, 7).to(torch::kBFloat16).contiguous(last);
  const Tensor weights = at::ones_like(batch).div_(8.0);
  const Result alone =
      run_alone(batch.to(torch::kFloat64), weights.to(torch::kFloat64), false, torch::kFloat64);
  expect_close(run_in_group(batch, weights, false, {2, 4}, torch::kFloat32), alone, 0.04);
}

/// Mean 100 and deviation 2e-2: the square of their ratio, 2.5e7, is what sums of squares may cost.
TEST(NormalizeTogether, KeepsTheDigitsOfAVarianceFarFromZero) {
  const Tensor batch = (numbers({64, kChannels}, 8) - 5.0) * 1e-2 + 100.0;
  const Tensor weights = numbers({64, kChannels}, 9);
  const Result group = run_in_group(batch, weights, true, {40, 24}, torch::kFloat64);
  expect_close(group, run_alone(batch, weights, true, torch::kFloat64), 1e-6);
}

}  // namespace
}  // namespace svhn::network
