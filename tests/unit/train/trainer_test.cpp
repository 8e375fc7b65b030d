#include "train/trainer.h"

#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

/// @returns whether `rows` holds each row once at most.
bool distinct(std::span<const std::int64_t> rows) {
  return std::set(rows.begin(), rows.end()).size() == rows.size();
}

TEST_F(TrainerTest, SeesEveryImageOnceAnEpochInAFreshOrder) {
  TrainingRun run(data(), options(3));
  EXPECT_EQ(run.trainer.steps_per_epoch(), 3);  // 4 + 4 + 2.
  run.trainer.run(run.hooks);
  ASSERT_EQ(run.rows.size(), 30U);
  const std::span rows(run.rows);
  for (const std::size_t begin : {0U, 10U, 20U}) EXPECT_TRUE(distinct(rows.subspan(begin, 10)));
  EXPECT_FALSE(std::ranges::equal(rows.first(10), rows.subspan(10, 10)));
  EXPECT_FALSE(std::ranges::equal(rows.subspan(10, 10), rows.last(10)));
  EXPECT_EQ(run.trainer.state().step, 9);
  EXPECT_EQ(run.trainer.state().epoch, 3);
  EXPECT_EQ(run.trainer.state().history.epochs(), 3U);
}

TEST_F(TrainerTest, TakesFewerStepsThanTheSplitHas) {
  TrainOptions two = options(2);
  two.steps_per_epoch = 2;
  TrainingRun run(data(), two);
  run.trainer.run(run.hooks);
  EXPECT_EQ(run.trainer.state().step, 4);
  ASSERT_EQ(run.rows.size(), 16U);
  EXPECT_TRUE(distinct(std::span(run.rows).first(8)));
}

TEST_F(TrainerTest, TakesMoreStepsThanTheSplitHas) {
  TrainOptions six = options(2);
  six.steps_per_epoch = 6;
  TrainingRun run(data(), six);
  run.trainer.run(run.hooks);
  EXPECT_EQ(run.trainer.state().step, 12);
  EXPECT_EQ(run.recorder.steps.back().step_in_epoch, 6);
  // 24 images an epoch: two whole permutations and 4 rows of a third.
  ASSERT_EQ(run.rows.size(), 48U);
  const std::span rows(run.rows);
  for (const std::size_t begin : {0U, 10U, 24U, 34U}) EXPECT_TRUE(distinct(rows.subspan(begin, 10)));
  for (const std::size_t begin : {20U, 44U}) EXPECT_TRUE(distinct(rows.subspan(begin, 4)));
}

TEST_F(TrainerTest, LearnsTheImages) {
  TrainingRun run(data(), options(200, 10));
  run.trainer.run(run.hooks);
  const auto& state = run.trainer.state();
  EXPECT_LT(state.history.loss.back(), 0.5 * state.history.loss.front());
  // The validation images are copies of training images with the same labels; chance is 1 in 10. The best
  // epoch, since running statistics of so few images wander.
  EXPECT_GE(state.best_val_accuracy, 0.8);
}

TEST_F(TrainerTest, KeepsTheEpochsMeansAndTheBest) {
  TrainingRun run(data(), options(3));
  run.trainer.run(run.hooks);
  const auto& state = run.trainer.state();
  const auto& history = state.history;
  const double best = *std::max_element(history.val_accuracy.begin(), history.val_accuracy.end());
  EXPECT_EQ(state.best_val_accuracy, best);
  EXPECT_EQ(history.val_accuracy[static_cast<std::size_t>(state.best_epoch - 1)], best);
  EXPECT_EQ(run.best_saves, std::count(run.recorder.best.begin(), run.recorder.best.end(), true));
  EXPECT_EQ(run.saves, 3);
  ASSERT_EQ(run.recorder.steps.size(), 9U);
  // What the last step of an epoch reports is the epoch's mean.
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_DOUBLE_EQ(run.recorder.steps[3 * epoch + 2].loss, history.loss[epoch]);
    EXPECT_DOUBLE_EQ(run.recorder.steps[3 * epoch + 2].accuracy, history.accuracy[epoch]);
  }
  EXPECT_EQ(history.learning_rate, std::vector<double>(3, 0.01));
}

TEST_F(TrainerTest, CountsPenaltiesIntoBothLosses) {
  TrainOptions still = options(1, 10);
  still.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.0};
  TrainingRun run(data(), still);
  run.trainer.run(run.hooks);
  // Nothing was learnt, so the loss is that of the weights as they are: cross-entropy + 1e-3 * sum(w^2).
  const double penalty =
      1e-3 * network::tensor_of(run.network, "dense_1.weight").square().sum().item().toDouble();
  const auto& history = run.trainer.state().history;
  const data::Preprocessing none{{}, data().statistics(data::Split::train)};
  const auto result = inference::evaluate(run.network, data(), data::Split::val,
                                          data::plan_for(none, data(), data::Split::val), {});
  EXPECT_NEAR(history.val_loss[0], result.loss + penalty, 1e-6);
  EXPECT_GT(history.loss[0], penalty);
}

TEST_F(TrainerTest, RepeatsItselfExactly) {
  TrainingRun one(data(), options()), two(data(), options());
  one.trainer.run(one.hooks);
  two.trainer.run(two.hooks);
  expect_same(one.copies(), two.copies());
  TrainOptions reseeded = options();
  reseeded.seed = 2;
  TrainingRun other(data(), reseeded);
  other.trainer.run(other.hooks);
  EXPECT_FALSE(other.copies()[0].equal(one.copies()[0]));
}

TEST_F(TrainerTest, SavesInsideAnEpochWhenAsked) {
  TrainOptions often = options(2);
  often.checkpoint_every_steps = 2;
  often.checkpoint_every_epochs = 0;
  TrainingRun run(data(), often);
  std::vector<std::int64_t> steps;
  run.hooks.save_checkpoint = [&] { steps.push_back(run.trainer.state().step); };
  run.trainer.run(run.hooks);
  // Steps 2 and 4, and the end of the run, 6.
  EXPECT_EQ(steps, (std::vector<std::int64_t>{2, 4, 6}));
}

TEST_F(TrainerTest, SavesEveryNthEpochAndTheLast) {
  TrainOptions rare = options(5);
  rare.checkpoint_every_epochs = 2;
  TrainingRun run(data(), rare);
  std::vector<std::int64_t> epochs;
  run.hooks.save_checkpoint = [&] { epochs.push_back(run.trainer.state().epoch); };
  run.trainer.run(run.hooks);
  EXPECT_EQ(epochs, (std::vector<std::int64_t>{2, 4, 5}));
}

TEST_F(TrainerTest, AveragesTheWeightsForValidation) {
  TrainOptions averaged = options(1, 10);
  averaged.ema_decay = 0.75;
  averaged.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.5};
  TrainingRun run(data(), averaged);
  const auto start = run.copies();
  run.trainer.run(run.hooks);
  const auto end = run.copies();
  const std::size_t count = run.network.tensors().size();
  std::vector<Tensor> during;
  double val_loss = 0.0;
  run.trainer.with_average([&] {
    during = run.copies();
    const data::Preprocessing none{{}, data().statistics(data::Split::train)};
    val_loss = inference::evaluate(run.network, data(), data::Split::val,
                                   data::plan_for(none, data(), data::Split::val), {})
                   .loss;
    val_loss += 1e-3 * network::tensor_of(run.network, "dense_1.weight").square().sum().item().toDouble();
  });
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(at::allclose(during[i], start[i] * 0.75 + end[i] * 0.25, 1e-5, 1e-7))
        << run.network.tensors()[i].name;
  }
  EXPECT_NEAR(run.trainer.state().history.val_loss[0], val_loss, 1e-6);
  expect_same(run.copies(), end);
  EXPECT_EQ(run.trainer.optimizer_tensors()[0].name, "average.dense_1.weight");
}

TEST_F(TrainerTest, StopsEarly) {
  TrainOptions early = options(10);
  early.optimizer = {.type = OptimizerType::sgd, .learning_rate = 0.0};
  early.early_stopping = {.monitor = "val_accuracy", .patience = 2};
  TrainingRun run(data(), early);
  run.trainer.run(run.hooks);
  // Weights stand still and momentum 0.99 hardly moves the statistics; a first best epoch and two more.
  EXPECT_TRUE(run.trainer.state().stopped_early);
  EXPECT_LT(run.trainer.state().epoch, 10);
  EXPECT_EQ(run.trainer.state().epoch, run.trainer.state().early_stopping.best_epoch + 2);
}

TEST_F(TrainerTest, LowersTheRateOnAPlateau) {
  TrainOptions plateau = options(4);
  plateau.schedule = {
      .type = ScheduleType::reduce_on_plateau, .factor = 0.1, .minimum = 0.002, .patience = 1};
  plateau.early_stopping.reset();
  TrainingRun run(data(), plateau);
  // A loss no epoch can beat.
  run.trainer.state().plateau = {1.0, -1e9, 0, true};
  run.trainer.run(run.hooks);
  EXPECT_EQ(run.trainer.state().history.learning_rate, (std::vector<double>{0.01, 0.002, 0.002, 0.002}));
}

TEST_F(TrainerTest, DoesNothingWhenTheEpochsAreDone) {
  TrainingRun run(data(), options(2));
  run.trainer.state().epoch = 2;
  run.trainer.run(run.hooks);
  EXPECT_EQ(run.saves, 0);
}

TEST_F(TrainerTest, TimesAStep) {
  TrainingRun run(data(), options());
  EXPECT_GT(run.trainer.time_step(), 0.0);
}

}  // namespace
}  // namespace svhn::train
