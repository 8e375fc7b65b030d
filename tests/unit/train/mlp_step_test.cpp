// The reference is autograd through Network::forward and train/loss.h in float64, started from the same
// float32 weights.
#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "train/augmentation.h"
#include "train/loss.h"
#include "train/step.h"
#include "unit/network/small_network.h"

namespace svhn::train {
namespace {

using model::Activation;
using model::BatchNormOp;
using model::DenseOp;
using model::DropoutOp;
using model::FlattenOp;
using model::Operation;
using network::Network;
using torch::Tensor;

constexpr std::int64_t kStep = 5;

DenseOp dense(std::int64_t units, Activation activation = Activation::selu) {
  return {.units = units, .activation = activation};
}

/// As configs/q1_1.json, q1_2.json and q1_3.json, on images of 8x8.
std::vector<Operation> pyramid() {
  return {FlattenOp{}, dense(128), dense(64), dense(32), dense(10, Activation::softmax)};
}

std::vector<Operation> norm_pyramid() {
  return {FlattenOp{},    dense(128),     BatchNormOp{}, dense(64),
          BatchNormOp{},  DropoutOp{0.1}, dense(32),     BatchNormOp{.epsilon = 1e-2, .momentum = 0.8},
          DropoutOp{0.2}, dense(10)};
}

data::Batch make_batch(std::int64_t images, std::int64_t channels) {
  data::Batch batch;
  core::CounterRandom random(7, core::stream_id("pixels"));
  for (std::int64_t i = 0; i < images * channels * 64; ++i) {
    batch.pixels.push_back(static_cast<float>(random.uniform()));
  }
  for (std::int64_t i = 0; i < images; ++i) batch.labels.push_back(i * 7 % 10);
  batch.size = images;
  return batch;
}

/// One network twice: stepped directly, and by autograd.
class Pair {
 public:
  Pair(const std::vector<Operation>& layers, std::int64_t channels, TrainOptions options)
      : channels_(channels),
        options_(std::move(options)),
        variance_(options_.framework_compat == FrameworkCompat::keras ? network::BatchNormVariance::keras
                                                                      : network::BatchNormVariance::torch),
        direct_(network::any_graph(layers, {channels, 8, 8}), 3, variance_),
        plain_(network::any_graph(layers, {channels, 8, 8}), 3, variance_, torch::kFloat64),
        step_(options_, direct_, kernels::Precision::float32, nullptr),
        update_(plain_, options_) {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < direct_.tensors().size(); ++i) {
      plain_.tensors()[i].tensor.detach().copy_(direct_.tensors()[i].tensor);
    }
  }

  [[nodiscard]] bool direct() const { return step_.uses_mlp_step(); }

  void expect_same(std::int64_t images, const Mixing& mixing = {}) {
    const data::Batch batch = make_batch(images, channels_);
    const BatchShard shard{{0, images}, images, mixing, {}};
    // Gradients are written, not added.
    step_.update().parameters().gradients().fill_(1e3);
    const StepResult got = step_.run({batch, shard, {channels_, 8, 8}}, kStep, 0.0);
    const StepResult wanted = by_autograd(batch, shard);
    EXPECT_NEAR(got.loss, wanted.loss, 1e-6 * std::abs(wanted.loss));
    EXPECT_EQ(got.correct, wanted.correct);
    for (std::size_t i = 0; i < direct_.tensors().size(); ++i) {
      const auto &a = direct_.tensors()[i], &b = plain_.tensors()[i];
      expect_near(a.tensor, b.tensor, b.name);
      if (b.trainable) expect_near(a.tensor.grad(), b.tensor.grad(), "gradient of " + b.name);
    }
  }

 private:
  StepResult by_autograd(const data::Batch& batch, const BatchShard& shard) {
    const Tensor x = torch::tensor(batch.pixels).to(torch::kFloat64).view({batch.size, channels_, 8, 8});
    const Tensor labels = torch::tensor(batch.labels);
    const Tensor logits =
        plain_.forward(mix_images(x, shard.mixing),
                       {true, kernels::Precision::float32, options_.seed, kStep, shard.own.first});
    const Tensor targets =
        mix_targets(smooth_targets(labels, 10, options_.label_smoothing, torch::kFloat64), shard.mixing);
    const Tensor weights =
        options_.class_weights.empty() ? Tensor() : torch::tensor(options_.class_weights, torch::kFloat64);
    Tensor loss = cross_entropy(logits, targets, weights);
    const Tensor penalty = weight_penalty(update_.parameters().tensors());
    if (penalty.defined()) loss = loss + penalty;
    update_.parameters().gradients().zero_();
    loss.backward();
    return {loss.item().toDouble(), logits.argmax(1).eq(labels).sum().item().toLong(), 0};
  }

  static void expect_near(const Tensor& got, const Tensor& wanted, const std::string& name) {
    const double error = (got - wanted).abs().max().item().toDouble();
    const double largest = wanted.abs().max().item().toDouble();
    // Some are sums that cancel, of numbers near 0.1 and more: a bias in front of a batch norm gets none at
    // all.
    EXPECT_LE(error, 1e-6 * largest + 2e-7) << name << ", whose largest is " << largest;
  }

  std::int64_t channels_;
  TrainOptions options_;
  network::BatchNormVariance variance_;
  Network direct_;
  Network plain_;
  TrainStep step_;
  ParameterUpdate update_;
};

/// The weights stay, so that the two networks do.
TrainOptions still() {
  TrainOptions options;
  options.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.0};
  return options;
}

TEST(MlpStep, GivesAutogradsGradientsOfDensePyramids) {
  for (const std::int64_t channels : {3, 1}) {
    Pair pair(pyramid(), channels, still());
    ASSERT_TRUE(pair.direct());
    for (const std::int64_t images : {64, 23, 64, 1}) pair.expect_same(images);
  }
}

TEST(MlpStep, GivesAutogradsStatisticsAndMasks) {
  for (const FrameworkCompat compat : {FrameworkCompat::keras, FrameworkCompat::torch}) {
    TrainOptions options = still();
    options.framework_compat = compat;
    Pair pair(norm_pyramid(), 1, options);
    ASSERT_TRUE(pair.direct());
    for (const std::int64_t images : {64, 130, 17}) pair.expect_same(images);
  }
}

TEST(MlpStep, TakesEveryActivation) {
  for (const Activation activation :
       {Activation::linear, Activation::relu, Activation::selu, Activation::tanh, Activation::sigmoid,
        Activation::elu, Activation::gelu, Activation::swish}) {
    Pair pair({FlattenOp{}, dense(33, activation), BatchNormOp{}, model::ActivationOp{activation}, dense(10)},
              1, still());
    ASSERT_TRUE(pair.direct());
    pair.expect_same(19);
  }
}

TEST(MlpStep, TakesWhatComesBeforeTheFirstWeights) {
  Pair pair({DropoutOp{0.25}, model::ReshapeOp{{2, 8, 4}}, FlattenOp{}, BatchNormOp{},
             DenseOp{.units = 10, .use_bias = false}},
            1, still());
  ASSERT_TRUE(pair.direct());
  pair.expect_same(31);
}

TEST(MlpStep, TakesTargetsWeightsAndPenaltiesAsTheLossDoes) {
  TrainOptions options = still();
  options.label_smoothing = 0.15;
  options.class_weights = {0.5, 1, 2, 1, 1, 3, 1, 0.1, 1, 1.5};
  auto layers = pyramid();
  layers[1] = DenseOp{.units = 20, .activation = Activation::tanh, .l1 = 1e-3, .l2 = 1e-2};
  Pair pair(layers, 3, options);
  ASSERT_TRUE(pair.direct());
  pair.expect_same(40);
  Mixing mixing{0.7, {}};
  for (std::int64_t i = 0; i < 40; ++i) mixing.partners.push_back((i * 3 + 1) % 40);
  pair.expect_same(40, mixing);
}

TEST(MlpStep, PastesCutMixsBox) {
  Pair pair(pyramid(), 3, still());
  pair.expect_same(4, {0.625, {1, 2, 3, 0}, data::Rectangle{2, 4, 6, 4}});
}

TEST(MlpStep, LeavesWeightsAndGradientsWhereTheLossIsNoNumber) {
  Network network(network::any_graph(pyramid(), {1, 8, 8}), 3);
  const TrainOptions options;
  TrainStep step(options, network, kernels::Precision::float32, nullptr);
  ASSERT_TRUE(step.uses_mlp_step());
  data::Batch batch = make_batch(4, 1);
  batch.pixels[70] = std::nanf("");
  const Tensor before = step.update().parameters().values().clone();
  const BatchShard shard{{0, 4}, 4, {}, {}};
  EXPECT_TRUE(std::isnan(step.run({batch, shard, {1, 8, 8}}, 0, 0.1).loss));
  EXPECT_TRUE(step.update().parameters().values().equal(before));
}

TEST(MlpStep, LeavesOtherNetworksToAutograd) {
  const TrainOptions options;
  const auto direct = [&](Network network, kernels::Precision precision = kernels::Precision::float32) {
    return TrainStep(options, network, precision, nullptr).uses_mlp_step();
  };
  const auto make = [](std::vector<Operation> layers, torch::ScalarType type = torch::kFloat32) {
    return Network(network::any_graph(std::move(layers), {1, 8, 8}), 1, network::BatchNormVariance::keras,
                   type);
  };
  EXPECT_TRUE(direct(make(pyramid())));
  EXPECT_FALSE(direct(make(pyramid(), torch::kFloat64)));
  EXPECT_FALSE(direct(make(pyramid()), kernels::Precision::bfloat16));
  EXPECT_FALSE(direct(make({model::Conv2dOp{.filters = 2}, FlattenOp{}, dense(10)})));
  EXPECT_FALSE(direct(make({BatchNormOp{}, FlattenOp{}, dense(10)})));  // Of channels.
  auto frozen = network::any_graph(pyramid(), {1, 8, 8});
  frozen.nodes[2].trainable = false;
  for (auto& tensor : frozen.nodes[2].tensors) tensor.trainable = false;
  EXPECT_FALSE(direct(Network(std::move(frozen), 1)));
  EXPECT_FALSE(direct(make({FlattenOp{}, dense(16, Activation::mish), dense(10)})));
  model::ModelSpec branched =
      network::spec_of({FlattenOp{}, dense(16), dense(16), model::AddOp{}, dense(10)});
  branched.layers[3].inputs = {"dense_1", "dense_2"};
  EXPECT_FALSE(direct(Network(model::plan_network(branched, {1, 8, 8}), 1)));
}

}  // namespace
}  // namespace svhn::train
