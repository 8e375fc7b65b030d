#include "train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace svhn::train {
namespace {

/// The rate at a step of 4 epochs of 5 steps, steps 0..19, base rate 0.8.
double rate(const ScheduleOptions& options, std::int64_t step, double plateau = 1.0) {
  return learning_rate(options, 0.8, {step, 5, 4, plateau});
}

TEST(LearningRate, IsConstant) {
  for (const std::int64_t step : {0, 7, 19, 1000}) EXPECT_EQ(rate({}, step), 0.8);
}

TEST(LearningRate, DropsInSteps) {
  const ScheduleOptions options{.type = ScheduleType::step, .step_epochs = 2, .factor = 0.5};
  EXPECT_DOUBLE_EQ(rate(options, 0), 0.8);
  EXPECT_DOUBLE_EQ(rate(options, 9), 0.8);
  EXPECT_DOUBLE_EQ(rate(options, 10), 0.4);
  EXPECT_DOUBLE_EQ(rate(options, 19), 0.4);
  EXPECT_DOUBLE_EQ(rate(options, 20), 0.2);
}

TEST(LearningRate, FallsAlongACosine) {
  const ScheduleOptions options{.type = ScheduleType::cosine, .minimum = 0.2};
  EXPECT_DOUBLE_EQ(rate(options, 0), 0.8);
  EXPECT_DOUBLE_EQ(rate(options, 19), 0.2);
  // 0.2 + 0.6 (1 + cos(pi p)) / 2 at p = 6/19 and past the end.
  EXPECT_NEAR(rate(options, 6), 0.2 + 0.3 * (1 + std::cos(std::acos(-1.0) * 6 / 19)), 1e-15);
  EXPECT_DOUBLE_EQ(rate(options, 25), 0.2);
}

TEST(LearningRate, RisesLinearlyBeforeTheCosine) {
  const ScheduleOptions options{.type = ScheduleType::cosine, .warmup_epochs = 0.6};
  // Three steps of warm-up: 1/4, 2/4, 3/4, then the full rate at step 3 and 16 steps to zero.
  EXPECT_DOUBLE_EQ(rate(options, 0), 0.2);
  EXPECT_DOUBLE_EQ(rate(options, 1), 0.4);
  EXPECT_DOUBLE_EQ(rate(options, 2), 0.6);
  EXPECT_DOUBLE_EQ(rate(options, 3), 0.8);
  EXPECT_NEAR(rate(options, 11), 0.4, 1e-15);
  EXPECT_NEAR(rate(options, 19), 0.0, 1e-15);
}

TEST(LearningRate, MakesOneCycle) {
  const ScheduleOptions options{
      .type = ScheduleType::one_cycle, .rise_fraction = 4.0 / 19, .start_divisor = 8, .final_divisor = 100};
  // 0.1 at the start, 0.45 half-way up at step 2, 0.8 at step 4, 0.1/100 at step 19.
  EXPECT_NEAR(rate(options, 0), 0.1, 1e-15);
  EXPECT_NEAR(rate(options, 2), 0.45, 1e-12);
  EXPECT_NEAR(rate(options, 4), 0.8, 1e-12);
  EXPECT_NEAR(rate(options, 19), 0.001, 1e-15);
  EXPECT_NEAR(rate(options, 9), 0.001 + 0.799 * (1 + std::cos(std::acos(-1.0) / 3)) / 2, 1e-12);
}

TEST(LearningRate, MakesATriangle) {
  const ScheduleOptions options{
      .type = ScheduleType::triangular, .rise_fraction = 4.0 / 19, .start_divisor = 8, .final_divisor = 2};
  // 0.1 at the start, 0.8 at step 4, 0.05 at step 19: 0.05 less in each step.
  EXPECT_NEAR(rate(options, 0), 0.1, 1e-15);
  EXPECT_NEAR(rate(options, 1), 0.275, 1e-12);
  EXPECT_NEAR(rate(options, 4), 0.8, 1e-12);
  EXPECT_NEAR(rate(options, 5), 0.75, 1e-12);
  EXPECT_NEAR(rate(options, 19), 0.05, 1e-12);
}

TEST(LearningRate, WarmsUpBeforeOtherSchedules) {
  for (const auto type : {ScheduleType::constant, ScheduleType::step, ScheduleType::reduce_on_plateau}) {
    const ScheduleOptions options{.type = type, .warmup_epochs = 0.6};
    EXPECT_DOUBLE_EQ(rate(options, 0), 0.2);
    EXPECT_DOUBLE_EQ(rate(options, 2), 0.6);
    EXPECT_DOUBLE_EQ(rate(options, 3), 0.8);
  }
}

TEST(LearningRate, HoldsForRunsOfOneStep) {
  for (const auto type : {ScheduleType::cosine, ScheduleType::one_cycle}) {
    EXPECT_EQ(learning_rate({.type = type}, 0.8, {0, 1, 1, 1.0}), 0.8);
  }
}

TEST(LearningRate, TakesThePlateausFactorDownToTheMinimum) {
  const ScheduleOptions options{.type = ScheduleType::reduce_on_plateau, .minimum = 0.1};
  EXPECT_DOUBLE_EQ(rate(options, 3, 0.5), 0.4);
  EXPECT_DOUBLE_EQ(rate(options, 3, 0.01), 0.1);
}

/// Factors after each epoch, rate halved after two epochs without a better val_loss.
std::vector<double> plateau_factors(const std::vector<double>& losses) {
  const ScheduleOptions options{.type = ScheduleType::reduce_on_plateau, .factor = 0.5, .patience = 2};
  PlateauState state;
  std::vector<double> factors;
  for (const double loss : losses) {
    update_plateau(options, loss, state);
    factors.push_back(state.factor);
  }
  return factors;
}

// Keras, ReduceLROnPlateau.on_epoch_end: an epoch is better when loss < best - 1e-4; after `patience` others
// the rate falls and the count starts again.
TEST(UpdatePlateau, CountsAsKeras) {
  EXPECT_EQ(plateau_factors({1.0, 0.5, 0.6, 0.7, 0.6, 0.6, 0.6}),
            (std::vector<double>{1, 1, 1, 0.5, 0.5, 0.25, 0.25}));
  EXPECT_EQ(plateau_factors({1.0, 1.0, 0.9, 1.0, 1.0}), (std::vector<double>{1, 1, 1, 1, 0.5}));
  EXPECT_EQ(plateau_factors({1.0, 0.99995, 0.99992}), (std::vector<double>{1, 1, 0.5}));
  EXPECT_EQ(plateau_factors({1.0, 0.9998, 0.9996}), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(plateau_factors({-1.0, -1.0, -1.0}), (std::vector<double>{1, 1, 0.5}));
}

TEST(UpdatePlateau, LeavesOtherSchedulesAlone) {
  PlateauState state;
  for (int i = 0; i < 20; ++i) update_plateau({.patience = 1}, 1.0, state);
  EXPECT_EQ(state.factor, 1.0);
  EXPECT_FALSE(state.started);
}

struct Stop {
  std::int64_t epoch = 0;  ///< 0: never.
  std::int64_t best = 0;
};

Stop stop_of(const EarlyStoppingOptions& options, const std::vector<double>& values) {
  EarlyStoppingState state;
  std::int64_t epoch = 0;
  for (const double value : values) {
    if (update_early_stopping(options, value, ++epoch, state)) return {epoch, state.best_epoch};
  }
  return {0, state.best_epoch};
}

// Keras, EarlyStopping.on_epoch_end: better is loss + min_delta < best, or accuracy - min_delta > best.
TEST(UpdateEarlyStopping, StopsAfterPatienceEpochsWithoutABetterOne) {
  const EarlyStoppingOptions options{.monitor = "val_loss", .patience = 2};
  const Stop stop = stop_of(options, {1.0, 0.8, 0.9, 0.7, 0.7, 0.8, 0.1});
  EXPECT_EQ(stop.epoch, 6);
  EXPECT_EQ(stop.best, 4);
  EXPECT_EQ(stop_of(options, {3, 2, 1, 0, -1}).epoch, 0);
}

TEST(UpdateEarlyStopping, WantsMoreOfAccuracies) {
  for (const char* monitor : {"accuracy", "val_accuracy"}) {
    const Stop stop = stop_of({.monitor = monitor, .patience = 1}, {0.1, 0.5, 0.5, 0.9});
    EXPECT_EQ(stop.epoch, 3);
    EXPECT_EQ(stop.best, 2);
  }
  EXPECT_EQ(stop_of({.monitor = "loss", .patience = 1}, {0.1, 0.5}).epoch, 2);
}

TEST(UpdateEarlyStopping, TakesSmallGainsForNone) {
  const EarlyStoppingOptions options{.patience = 2, .min_delta = 0.25};
  EXPECT_EQ(stop_of(options, {1.0, 0.875, 0.75, 0.5}).epoch, 3);
  EXPECT_EQ(stop_of(options, {1.0, 0.875, 0.625, 0.5, 0.25}).epoch, 0);
}

TEST(UpdateEarlyStopping, StopsAtOnceWithoutPatience) {
  EXPECT_EQ(stop_of({.patience = 0}, {1.0, 0.5, 0.5}).epoch, 3);
}

TEST(ReplayEarlyStopping, WatchesAllEpochsSoFar) {
  metric::History history;
  history.val_loss = {1.0, 0.8, 0.9, 0.95, 0.7, 0.75};
  history.val_accuracy = {0.1, 0.4, 0.4, 0.4, 0.4, 0.4};
  EarlyStoppingState state{.best = 9.0, .best_epoch = 9, .wait = 9};
  EXPECT_FALSE(replay_early_stopping({.monitor = "val_loss", .patience = 2}, history, state))
      << "epochs 3 and 4 would have ended it, and epoch 5 was better";
  EXPECT_EQ(state.best, 0.7);
  EXPECT_EQ(state.best_epoch, 5);
  EXPECT_EQ(state.wait, 1);
  EXPECT_TRUE(replay_early_stopping({.monitor = "val_accuracy", .patience = 4}, history, state));
  EXPECT_EQ(state.best_epoch, 2);
  EXPECT_FALSE(replay_early_stopping({}, {}, state));
  EXPECT_EQ(state.best_epoch, 0);
  EXPECT_THROW(replay_early_stopping({.monitor = "seconds_left"}, history, state), core::Error);
}

}  // namespace
}  // namespace svhn::train
