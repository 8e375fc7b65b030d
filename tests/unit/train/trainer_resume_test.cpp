#include <signal.h>

#include "core/signals.h"
#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

/// Runs to `step`, saves there as a checkpoint would, and goes on in a new trainer.
void expect_resumes_exactly(const data::PreparedData& data, const TrainOptions& train, std::int64_t stop_at) {
  TrainingRun whole(data, train);
  whole.trainer.run(whole.hooks);

  TrainingRun before(data, train);
  std::string state;
  std::vector<Tensor> saved;
  before.hooks.save_checkpoint = [&] {
    state = state_json(before.trainer.state()).dump();
    saved = before.copies();
  };
  before.hooks.stop_requested = [&] { return before.trainer.state().step >= stop_at ? SIGTERM : 0; };
  try {
    before.trainer.run(before.hooks);
    FAIL() << "was not interrupted";
  } catch (const core::Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal(), SIGTERM);
  }
  EXPECT_EQ(before.trainer.state().step, stop_at);

  TrainingRun after(data, train);
  const auto targets = after.tensors();
  ASSERT_EQ(targets.size(), saved.size());
  for (std::size_t i = 0; i < saved.size(); ++i) targets[i].tensor.detach().copy_(saved[i]);
  after.trainer.state() = state_from_json(state, "checkpoint");
  after.trainer.run(after.hooks);

  expect_same(after.copies(), whole.copies());
  const auto &a = after.trainer.state().history, &b = whole.trainer.state().history;
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.accuracy, b.accuracy);
  EXPECT_EQ(a.val_loss, b.val_loss);
  EXPECT_EQ(a.val_accuracy, b.val_accuracy);
  EXPECT_EQ(a.learning_rate, b.learning_rate);
  EXPECT_EQ(after.trainer.state().best_epoch, whole.trainer.state().best_epoch);
}

TEST_F(TrainerTest, ResumesExactlyFromTheMiddleOfAnEpoch) {
  expect_resumes_exactly(data(), options(3), 4);
}

TEST_F(TrainerTest, ResumesExactlyFromTheEndOfAnEpoch) {
  expect_resumes_exactly(data(), options(3), 3);
}

TEST_F(TrainerTest, PausesAfterAnEpochWithACheckpointAndGoesOn) {
  TrainingRun whole(data(), options(3));
  EXPECT_TRUE(whole.trainer.run(whole.hooks));
  TrainOptions rarely = options(3);
  rarely.checkpoint_every_epochs = 0;
  TrainingRun paused(data(), rarely);
  std::vector<std::int64_t> asked;
  paused.hooks.pause = [&](const TrainingState& state) {
    asked.push_back(state.epoch);
    return state.epoch == 1;
  };
  EXPECT_FALSE(paused.trainer.run(paused.hooks));
  EXPECT_EQ(paused.trainer.state().epoch, 1);
  EXPECT_EQ(paused.saves, 1);
  EXPECT_TRUE(paused.trainer.run(paused.hooks));
  EXPECT_EQ(asked, (std::vector<std::int64_t>{1, 2})) << "the last epoch is the end anyway";
  expect_same(paused.copies(), whole.copies());
}

TEST_F(TrainerTest, ResumesExactlyWithEverythingThatRemembers) {
  TrainOptions train = options(4);
  train.steps_per_epoch = 5;
  train.ema_decay = 0.9;
  train.clip_norm = 0.5;
  train.label_smoothing = 0.1;
  train.class_weights = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1};
  train.schedule = {.type = ScheduleType::reduce_on_plateau, .factor = 0.5, .patience = 1};
  train.early_stopping = {.monitor = "val_loss", .patience = 50};
  train.optimizer = {.type = OptimizerType::rmsprop, .learning_rate = 0.01, .momentum = 0.9};
  expect_resumes_exactly(data(), train, 8);
}

}  // namespace
}  // namespace svhn::train
