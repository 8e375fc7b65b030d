/// Several processes (threads here) against one: the same batches must give the same weights.

#include "train/data_parallel.h"

#include <csignal>
#include <limits>
#include <mutex>

#include "core/signals.h"
#include "unit/distributed/thread_group.h"
#include "unit/network/branched.h"
#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

using distributed::ProcessGroup;

/// Everything whose sharing could go wrong: convolution, batch norm of maps and of features, dropout,
/// penalties.
Network full_network(torch::ScalarType dtype) {
  const auto selu = model::Activation::selu;
  return {network::any_graph(
              {model::AveragePool2dOp{.window = {.height = 4, .stride = 0}},
               model::Conv2dOp{
                   .filters = 4, .window = {.height = 3, .pad = model::WindowPad::same}, .activation = selu},
               model::BatchNormOp{.momentum = 0.8}, model::MaxPool2dOp{.window = {.height = 2, .stride = 0}},
               model::DropoutOp{0.3}, model::FlattenOp{},
               model::DenseOp{.units = 8, .activation = selu, .l1 = 1e-4, .l2 = 1e-3},
               model::BatchNormOp{.momentum = 0.8}, model::DropoutOp{0.2}, model::DenseOp{.units = 10}},
              {3, 32, 32}),
          1, network::BatchNormVariance::keras, dtype};
}

Network network_of(const std::string& config, torch::ScalarType dtype) {
  if (config.empty()) return full_network(dtype);
  return {model::plan_network(network::config_model(config), {3, 32, 32}), 1,
          network::BatchNormVariance::keras, dtype};
}

struct Setting {
  TrainOptions train;
  torch::ScalarType dtype = torch::kFloat64;
  double mixup = 0.0;
  bool augment = false;
  Augment views{};       ///< Instead of real ones.
  std::string config{};  ///< Network of a file in configs/; "": full_network.
};

/// A rank's run.
struct Outcome {
  std::vector<Tensor> tensors;
  TrainingState state;
  ReductionReport reduction;
  int saves = 0;
};

TrainerParts parts_of(Network& network, const data::PreparedData& data, const Setting& setting,
                      ProcessGroup* group) {
  const data::Preprocessing none{{}, data.statistics(data::Split::train)};
  TrainerParts parts{.network = &network,
                     .data = &data,
                     .train_plan = data::plan_for(none, data, data::Split::train),
                     .val_plan = data::plan_for(none, data, data::Split::val),
                     .augment = setting.views,
                     .mixing = {setting.mixup},
                     .group = group};
  if (setting.augment) {
    const data::AugmentOptions views{.rotation_degrees = 20, .width_shift = 0.2};
    parts.augment = make_augment(views, parts.train_plan, setting.train.seed);
  }
  return parts;
}

/// @param stop asked after each step.
Outcome train(
    const data::PreparedData& data, const Setting& setting, ProcessGroup* group,
    const std::function<int()>& stop = [] { return 0; }) {
  Network network = network_of(setting.config, setting.dtype);
  Trainer trainer(setting.train, parts_of(network, data, setting, group));
  Outcome outcome;
  const auto finish = [&] {
    for (const auto& item : network.tensors()) outcome.tensors.push_back(item.tensor.detach().clone());
    for (const auto& item : trainer.optimizer_tensors()) outcome.tensors.push_back(item.tensor.clone());
    outcome.state = trainer.state();
    outcome.reduction = trainer.reduction();
  };
  const TrainerHooks hooks{
      .save_checkpoint = [&] { ++outcome.saves; }, .save_best = [] {}, .stop_requested = stop};
  try {
    trainer.run(hooks);
  } catch (const core::Interrupted&) {
    finish();
    return outcome;
  }
  finish();
  return outcome;
}

std::vector<Outcome> train_together(const data::PreparedData& data, const Setting& setting, int size) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(size));
  distributed::run_ranks(size, [&](ProcessGroup& group) {
    outcomes[static_cast<std::size_t>(group.rank())] = train(data, setting, &group);
  });
  return outcomes;
}

double largest_difference(const Outcome& a, const Outcome& b) {
  double largest = 0.0;
  EXPECT_EQ(a.tensors.size(), b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    largest = std::max(largest, (a.tensors[i] - b.tensors[i]).abs().max().item().toDouble());
  }
  return largest;
}

/// Ten training images in batches of 4, 4 and 2: with three processes the last batch leaves one without any.
class DataParallelTest : public TrainerTest {
 protected:
  void expect_as_one(const Setting& setting, double tolerance, const std::vector<int>& sizes = {2, 3}) const {
    const Outcome alone = train(data(), setting, nullptr);
    for (const int size : sizes) {
      const auto together = train_together(data(), setting, size);
      EXPECT_LE(largest_difference(together[0], alone), tolerance) << size << " processes";
      const auto& curves = together[0].state.history;
      for (std::size_t i = 0; i < curves.epochs(); ++i) {
        EXPECT_NEAR(curves.loss[i], alone.state.history.loss[i], tolerance * 10);
        EXPECT_NEAR(curves.val_loss[i], alone.state.history.val_loss[i], tolerance * 10);
        EXPECT_EQ(curves.accuracy[i], alone.state.history.accuracy[i]);
        EXPECT_EQ(curves.val_accuracy[i], alone.state.history.val_accuracy[i]);
      }
      for (const Outcome& other : together) expect_same(other.tensors, together[0].tensors);
    }
  }
};

TEST_F(DataParallelTest, EndsWithTheWeightsOfOneProcess) {
  Setting adam{.train = options(3)};
  expect_as_one(adam, 1e-10);
  Setting sgd{.train = options(3)};
  sgd.train.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.05, .momentum = 0.9};
  expect_as_one(sgd, 1e-10);
}

TEST_F(DataParallelTest, SharesViewsPairsWeightsAndClippingAsOneProcess) {
  Setting rich{.train = options(3), .mixup = 0.4, .augment = true};
  rich.train.clip_norm = 0.5;
  rich.train.ema_decay = 0.9;
  rich.train.label_smoothing = 0.1;
  rich.train.class_weights = {1, 2, 1, 0.5, 1, 1, 3, 1, 1, 1};
  expect_as_one(rich, 1e-10);
  rich.train.steps_per_epoch = 6;  // Several passes an epoch: batches reach over their ends.
  expect_as_one(rich, 1e-10);
}

TEST_F(DataParallelTest, EndsNearOneProcessInFloat32) {
  Setting sgd{.train = options(3), .dtype = torch::kFloat32, .mixup = 0.4, .augment = true};
  sgd.train.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.01};
  expect_as_one(sgd, 1e-4);
}

TEST_F(DataParallelTest, SharesNetworksWithBranchesAsOneProcess) {
  for (const char* config : network::kBranchedConfigs) {
    SCOPED_TRACE(config);
    Setting sgd{.train = options(1, 5), .config = config};
    sgd.train.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.01, .momentum = 0.9};
    expect_as_one(sgd, 1e-10, {2});
    sgd.dtype = torch::kFloat32;  // By fused nodes.
    expect_as_one(sgd, 1e-4, {2});
  }
}

TEST_F(DataParallelTest, GivesTheSameBitsAgain) {
  const Setting setting{.train = options(2), .dtype = torch::kFloat32, .mixup = 0.4, .augment = true};
  const auto first = train_together(data(), setting, 3), again = train_together(data(), setting, 3);
  expect_same(again[0].tensors, first[0].tensors);
  EXPECT_EQ(again[2].state.history.loss, first[0].state.history.loss);
}

TEST_F(DataParallelTest, AveragesTheStatisticsOfProcessesThatNormaliseAlone) {
  Setting local{.train = options(1, 4)};
  local.train.sync_batch_norm = false;
  const auto together = train_together(data(), local, 3);
  for (const Outcome& other : together) expect_same(other.tensors, together[0].tensors);
  EXPECT_GT(largest_difference(together[0], train(data(), local, nullptr)), 1e-6);
  // The mean over all images is that of one process, while weights have hardly moved.
  local.train.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.0};
  const auto still = train_together(data(), local, 3);
  const Outcome alone = train(data(), local, nullptr);
  constexpr std::size_t kFirstRunningMean = 4;  // conv weight, bias; norm weight, bias, running_mean.
  EXPECT_TRUE(still[0].tensors[kFirstRunningMean].allclose(alone.tensors[kFirstRunningMean], 1e-12, 1e-12));
}

TEST_F(DataParallelTest, StopsEveryProcessAfterTheSameStep) {
  std::vector<Outcome> outcomes(3);
  const auto faults = distributed::run_group(3, [&](ProcessGroup& group) {
    int asked = 0;
    const auto stop = [&] { return group.rank() == 1 && ++asked == 4 ? SIGTERM : 0; };
    outcomes[static_cast<std::size_t>(group.rank())] = train(data(), {.train = options(9)}, &group, stop);
  });
  for (std::size_t rank = 0; rank < 3; ++rank) {
    EXPECT_FALSE(faults[rank]);
    EXPECT_EQ(outcomes[rank].state.step, 3) << "asked once a step, and the fourth time after the epoch";
    EXPECT_EQ(outcomes[rank].saves, 2) << "the epoch's and the one of the stop";
  }
}

std::string message_of(const std::exception_ptr& fault, core::ExitCode code) {
  try {
    if (fault) std::rethrow_exception(fault);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(DataParallelTest, EndsEveryProcessWithTheSameErrorWhereOneDiverges) {
  Setting setting{.train = options(2), .dtype = torch::kFloat32};
  setting.views = [](std::int64_t) -> data::ImageHook {
    return [](std::span<float> image, std::int64_t row) {
      if (row == 5) image[0] = std::numeric_limits<float>::quiet_NaN();
    };
  };
  std::vector<Outcome> outcomes(3);
  const auto faults = distributed::run_group(3, [&](ProcessGroup& group) { train(data(), setting, &group); });
  const std::string expected = message_of(faults[0], core::ExitCode::numeric);
  EXPECT_NE(expected.find("the loss is nan"), std::string::npos) << expected;
  for (const auto& fault : faults) EXPECT_EQ(message_of(fault, core::ExitCode::numeric), expected);
}

TEST_F(DataParallelTest, EndsEveryProcessWhereOneFails) {
  Setting setting{.train = options(2), .dtype = torch::kFloat32};
  const auto faults = distributed::run_group(2, [&](ProcessGroup& group) {
    Setting own = setting;
    if (group.rank() == 1) {
      own.views = [](std::int64_t) -> data::ImageHook {
        return [](std::span<float>, std::int64_t) { throw core::Error(core::ExitCode::data, "cannot read"); };
      };
    }
    train(data(), own, &group);
  });
  EXPECT_EQ(message_of(faults[1], core::ExitCode::data), "cannot read");
  EXPECT_EQ(message_of(faults[0], core::ExitCode::device), "rank 1 was lost");
}

TEST_F(DataParallelTest, TellsWhatTheExchangeCosts) {
  const auto together = train_together(data(), {.train = options(2), .dtype = torch::kFloat32}, 2);
  const ReductionReport& report = together[1].reduction;
  EXPECT_EQ(report.processes, 2);
  EXPECT_EQ(report.steps, 6);
  // Gradients: conv 3*3*3*4+4, norm 8, dense 64*8+8, norm 16, dense 80+10, all float32. Norms: 2C+1 and 2C
  // float64 for C = 4 and 8. Status: 4 float64.
  EXPECT_EQ(report.bytes_per_step, 4 * (112 + 8 + 520 + 16 + 90) + 8 * (9 + 8 + 17 + 16) + 8 * 4);
  EXPECT_EQ(report.all_reduces_per_step, 1 + 4 + 1);
  EXPECT_GE(report.overlap, 0.0);
  EXPECT_LE(report.overlap, 1.0);
  EXPECT_EQ(train(data(), {.train = options(1)}, nullptr).reduction.processes, 1);
}

}  // namespace
}  // namespace svhn::train
