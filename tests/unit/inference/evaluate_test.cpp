#include "inference/evaluate.h"

#include <cmath>

#include "core/error.h"
#include "unit/data/prepared_test_content.h"
#include "unit/distributed/thread_group.h"
#include "unit/network/small_network.h"

namespace svhn::inference {
namespace {

using data::Split;
using network::Network;

/// Images of labels 9 - row; the splits hold rows 7 0 3 5 2 9, 1 8 and 4 6.
class Evaluate : public data::PreparedFolder {
 protected:
  void SetUp() override {
    PreparedFolder::SetUp();
    data::write_prepared(file(), data::golden_content());
  }

  static Network network(std::vector<double> bias) {
    Network network(network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 10}}, {3, 32, 32}), 1);
    if (bias.empty()) return network;
    network::set(network, "dense_1.weight", std::vector<double>(30720, 0.0));
    network::set(network, "dense_1.bias", bias);
    return network;
  }

  static metric::EvaluationResult run(Network& network, const data::PreparedData& data, Split split,
                                      const EvaluateOptions& options = {}) {
    return evaluate(network, data, split, data::plan_for({{}, data.statistics(Split::train)}, data, split),
                    options);
  }
};

TEST_F(Evaluate, MeansLossAndAccuracyOverTheSplit) {
  const data::PreparedData data(file());
  Network always_two = network({0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  const auto result = run(always_two, data, Split::train);
  // Row 7 alone has the label 2: one of six is right. Every loss is log(9 + e), less 1 where it is right.
  EXPECT_EQ(result.images, 6);
  EXPECT_EQ(result.split, "train");
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0 / 6.0);
  EXPECT_NEAR(result.loss, std::log(9.0 + std::exp(1.0)) - 1.0 / 6.0, 1e-6);
  EXPECT_EQ(result.confusion[2][2], 1);
  EXPECT_EQ(result.confusion[9][2], 1);
  EXPECT_GT(result.images_per_second, 0.0);
}

TEST_F(Evaluate, TellsEveryPredictionInSplitOrder) {
  const data::PreparedData data(file());
  Network some = network({});
  EvaluateOptions options;
  options.batch_size = 4;
  std::vector<std::int64_t> rows, labels;
  double loss = 0.0;
  options.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& prediction) {
    rows.push_back(row);
    labels.push_back(label);
    loss += prediction.loss;
  };
  const auto result = run(some, data, Split::train, options);
  EXPECT_EQ(rows, (std::vector<std::int64_t>{7, 0, 3, 5, 2, 9}));
  EXPECT_EQ(labels, (std::vector<std::int64_t>{2, 9, 6, 4, 7, 0}));
  EXPECT_NEAR(result.loss, loss / 6.0, 1e-12);
}

TEST_F(Evaluate, DoesNotDependOnTheBatchSize) {
  const data::PreparedData data(file());
  Network some = network({});
  const double whole = run(some, data, Split::train).loss;
  for (const std::int64_t size : {1, 5, 6}) {
    EvaluateOptions options;
    options.batch_size = size;
    EXPECT_NEAR(run(some, data, Split::train, options).loss, whole, 1e-5) << size;
  }
}

TEST_F(Evaluate, GivesEveryProcessOfAGroupWhatOneGets) {
  const data::PreparedData data(file());
  for (const std::int64_t batch : {1, 4}) {  // Six rows: the last of three processes may have none.
    EvaluateOptions options;
    options.batch_size = batch;
    const auto probabilities = [&](distributed::ProcessGroup* group, metric::EvaluationResult& result) {
      std::vector<metric::Probabilities> seen;
      EvaluateOptions own = options;
      own.group = group;
      own.on_prediction = [&](std::int64_t, int, const metric::Prediction& prediction) {
        seen.push_back(prediction.probabilities);
      };
      Network some = network({});
      result = run(some, data, Split::train, own);
      return seen;
    };
    metric::EvaluationResult alone;
    const auto expected = probabilities(nullptr, alone);
    distributed::run_ranks(3, [&](distributed::ProcessGroup& group) {
      metric::EvaluationResult together;
      EXPECT_EQ(probabilities(&group, together), expected);
      EXPECT_EQ(together.loss, alone.loss);
      EXPECT_EQ(together.confusion, alone.confusion);
    });
  }
}

TEST_F(Evaluate, RunsInInferenceMode) {
  const data::PreparedData data(file());
  Network network(
      network::any_graph({model::AveragePool2dOp{.window = {.height = 8, .stride = 0}}, model::BatchNormOp{},
                          model::DropoutOp{0.9}, model::FlattenOp{}, model::DenseOp{.units = 10}},
                         {3, 32, 32}),
      1);
  const double once = run(network, data, Split::val).loss;
  EXPECT_EQ(run(network, data, Split::val).loss, once);
  network::expect_near(network::tensor_of(network, "batch_norm_1.running_mean"), {0, 0, 0});
  EXPECT_FALSE(network::tensor_of(network, "dense_1.weight").grad().defined());
}

TEST_F(Evaluate, RefusesAnEmptySplit) {
  auto content = data::golden_content();
  content.indices[2].clear();
  data::write_prepared(file(), content);
  const data::PreparedData data(file());
  Network some = network({});
  try {
    run(some, data, Split::test);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_EQ(error.what(), "'" + file().string() + "': the test split is empty");
  }
}

TEST_F(Evaluate, RefusesLogitsThatAreNoNumbers) {
  const data::PreparedData data(file());
  Network broken = network({0, 0, 0, std::nan(""), 0, 0, 0, 0, 0, 0});
  try {
    run(broken, data, Split::val);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::numeric);
  }
}

}  // namespace
}  // namespace svhn::inference
