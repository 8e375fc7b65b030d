#include <limits>

#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

core::Error numeric_refusal(TrainingRun& run) {
  try {
    run.trainer.run(run.hooks);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::numeric);
    EXPECT_FALSE(error.hint().empty());
    return error;
  }
  ADD_FAILURE() << "went on";
  return {core::ExitCode::ok, ""};
}

TEST_F(TrainerTest, StopsAtALossThatIsNoNumberAndSavesNothing) {
  TrainOptions wild = options(3);
  wild.optimizer = {.type = OptimizerType::sgd, .learning_rate = std::numeric_limits<double>::infinity()};
  TrainingRun run(data(), wild);
  const std::string message = numeric_refusal(run).what();
  EXPECT_EQ(message.find("epoch 1, step 2: the loss is "), 0U) << message;
  EXPECT_EQ(run.saves, 0);
}

TEST_F(TrainerTest, NamesTheEpochWhereWeightsBreakInTheLastStep) {
  TrainOptions wild = options(3, 10);
  wild.optimizer = {.type = OptimizerType::sgd, .learning_rate = std::numeric_limits<double>::infinity()};
  TrainingRun run(data(), wild);
  EXPECT_STREQ(numeric_refusal(run).what(), "epoch 1, step 1: a weight is not a finite number");
  EXPECT_EQ(run.saves + run.best_saves, 0);
}

TEST_F(TrainerTest, ClipsGradientsBeforeTheStep) {
  TrainOptions clipped = options(1, 10);
  clipped.clip_norm = 1e-3;
  clipped.optimizer = {.type = OptimizerType::sgd, .learning_rate = 1.0};
  TrainingRun run(data(), clipped);
  const auto before = run.copies();
  run.trainer.run(run.hooks);
  const auto after = run.copies();
  double square = 0.0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (run.tensors()[i].trainable) square += (after[i] - before[i]).square().sum().item().toDouble();
  }
  // One step at rate 1 moves the weights by exactly the clipped gradient, up to float32's rounding.
  EXPECT_NEAR(std::sqrt(square), 1e-3, 1e-5);
}

TEST_F(TrainerTest, RefusesSplitsWithoutImages) {
  for (const std::size_t split : {0U, 1U}) {
    auto holed = content();
    holed.indices[split].clear();
    data::write_prepared(file(), holed);
    const data::PreparedData empty(file());
    try {
      TrainingRun run(empty, options());
      FAIL();
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::data);
      EXPECT_NE(std::string(error.what()).find(split == 0 ? "train split" : "val split"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace svhn::train
