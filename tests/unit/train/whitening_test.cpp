#include "train/whitening.h"

#include <gtest/gtest.h>

#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

Network whitening_network(std::int64_t filters, std::uint64_t seed) {
  return {network::any_graph({model::Conv2dOp{.filters = filters,
                                              .window = {.height = 2},
                                              .initializer = model::KernelInitializer::whitening},
                              model::GlobalAveragePoolOp{}, model::DenseOp{.units = 10}},
                             {3, 32, 32}),
          seed};
}

/// @returns the images of the training split [n,3,32,32] in [0,1].
Tensor images(const data::PreparedData& data) {
  std::vector<Tensor> all;
  for (const std::int64_t row : data.indices(data::Split::train)) {
    const auto pixels = data.image(row);
    const std::vector<std::uint8_t> bytes(pixels.begin(), pixels.end());
    all.push_back(torch::tensor(at::ArrayRef<std::uint8_t>(bytes)).view({32, 32, 3}).permute({2, 0, 1}));
  }
  return torch::stack(all).to(torch::kFloat32) / 255.0;
}

class Whitening : public TrainerTest {
 protected:
  void whiten(Network& network) {
    const data::Preprocessing none{{}, data().statistics(data::Split::train)};
    whiten_first_convolutions(network, data(), data::plan_for(none, data(), data::Split::train));
  }
};

// The definition: after the convolution the mean product of any two outputs is that of the unit matrix, as
// far as the 5e-4 beside the variance lets it.
TEST_F(Whitening, MakesOutputsUncorrelatedAndOfEqualVariance) {
  Network network = whitening_network(24, 1);
  whiten(network);
  const Tensor weight = network.tensors()[0].tensor.detach();
  const Tensor out = at::conv2d(images(data()), weight.narrow(0, 0, 12));
  const Tensor rows = out.permute({0, 2, 3, 1}).reshape({-1, 12}).to(torch::kFloat64);
  const Tensor products = rows.t().mm(rows) / rows.size(0);
  const Tensor off = products - at::diag(products.diagonal());
  EXPECT_LT(off.abs().max().item().toDouble(), 1e-3);
  EXPECT_NEAR(products[0][0].item().toDouble(), 1.0, 0.01);
  EXPECT_GT(products.diagonal().min().item().toDouble(), 0.5);
  EXPECT_LE(products.diagonal().max().item().toDouble(), 1.0 + 1e-4);
}

TEST_F(Whitening, HasEveryFilterInBothSignsWhateverTheSeed) {
  Network network = whitening_network(6, 1), other = whitening_network(6, 2);
  whiten(network);
  whiten(other);
  const Tensor weight = network.tensors()[0].tensor.detach();
  EXPECT_TRUE(torch::equal(weight.narrow(0, 0, 3), -weight.narrow(0, 3, 3)));
  EXPECT_TRUE(torch::equal(weight, other.tensors()[0].tensor));
  // The first three of the twelve, which have the largest variance.
  Network all = whitening_network(24, 1);
  whiten(all);
  EXPECT_TRUE(torch::equal(all.tensors()[0].tensor.narrow(0, 0, 3), weight.narrow(0, 0, 3)));
}

TEST_F(Whitening, LeavesOtherNetworksAlone) {
  Network network = make_network();
  const Tensor before = network.tensors()[0].tensor.detach().clone();
  whiten(network);
  EXPECT_TRUE(torch::equal(network.tensors()[0].tensor, before));
}

}  // namespace
}  // namespace svhn::train
