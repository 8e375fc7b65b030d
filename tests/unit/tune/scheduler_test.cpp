#include "tune/scheduler.h"

#include <gtest/gtest.h>

#include <map>

namespace svhn::tune {
namespace {

using metric::TrialResult;
using metric::TrialStatus;

/// @returns a trial's result whose curve has `epochs` times the same value.
TrialResult result(std::size_t trial, double value, std::size_t epochs) {
  TrialResult made;
  made.id = static_cast<std::int64_t>(trial) + 1;
  made.curve.assign(epochs, value);
  return made;
}

struct Records {
  std::map<std::size_t, TrialResult> ended;
  TrialScheduler::Ended lookup() {
    return [this](std::size_t trial) {
      const auto found = ended.find(trial);
      return found == ended.end() ? nullptr : &found->second;
    };
  }
};

TuneOptions halving(std::int64_t reduction, std::int64_t brackets) {
  TuneOptions options;
  options.stopping.emplace();
  options.stopping->type = StoppingType::halving;
  options.stopping->reduction = reduction;
  options.stopping->brackets = brackets;
  return options;
}

TEST(TrialScheduler, IsOneRoundWithoutHalving) {
  Records records;
  TrialScheduler scheduler({}, 5, {"", 0, 3}, records.lookup());
  ASSERT_EQ(scheduler.open().size(), 1U);
  const std::string rung = scheduler.open()[0].name;
  EXPECT_FALSE(scheduler.open()[0].epochs);
  EXPECT_EQ(scheduler.open()[0].trials, (std::vector<std::size_t>{0, 1, 2}));
  for (std::size_t trial = 0; trial < 3; ++trial) {
    EXPECT_TRUE(scheduler.pending(rung, trial));
    EXPECT_TRUE(scheduler.settle().empty());
    EXPECT_FALSE(scheduler.open().empty());
    records.ended[trial] = result(trial, 0.5, 5);
    EXPECT_FALSE(scheduler.pending(rung, trial));
  }
  scheduler.settle();
  EXPECT_TRUE(scheduler.open().empty());
}

// By hand: 4 trials, half continue; rungs after 1 and 2 epochs, then all 4.
TEST(TrialScheduler, SendsTheBestToTheNextRungOnceAllAreKnown) {
  Records records;
  TrialScheduler scheduler(halving(2, 1), 4, {"", 0, 4}, records.lookup());
  const std::string first = scheduler.open().at(0).name;
  EXPECT_EQ(scheduler.open()[0].epochs, 1);
  const std::array values = {0.1, 0.4, 0.3, 0.2};
  for (const std::size_t trial : {3, 0, 2}) scheduler.put(first, trial, result(trial, values.at(trial), 1));
  EXPECT_TRUE(scheduler.settle().empty()) << "trial 1 has no result yet";
  scheduler.put(first, 1, result(1, values[1], 1));
  const auto dropped = scheduler.settle();
  ASSERT_EQ(dropped.size(), 2U);
  EXPECT_EQ(dropped[0].id, 1);
  EXPECT_EQ(dropped[1].id, 4);
  EXPECT_EQ(dropped[1].status, TrialStatus::stopped);
  EXPECT_EQ(dropped[1].error, "not among the best 2 of 4 after 1 epochs");
  EXPECT_FALSE(scheduler.pending(first, 1)) << "that rung is over";
  ASSERT_EQ(scheduler.open().size(), 1U);
  EXPECT_EQ(scheduler.open()[0].epochs, 2);
  EXPECT_EQ(scheduler.open()[0].trials, (std::vector<std::size_t>{1, 2}));
  EXPECT_NE(scheduler.open()[0].name, first);
}

TEST(TrialScheduler, TakesTheRecordOfAnEndedTrialAsFarAsTheRung) {
  Records records;
  TrialScheduler scheduler(halving(2, 1), 4, {"", 0, 2}, records.lookup());
  const std::string first = scheduler.open().at(0).name;
  // Trial 0 had ended in an earlier process; only its first epoch counts at the first rung.
  records.ended[0] = result(0, 0.9, 4);
  records.ended[0].curve[0] = 0.1;
  scheduler.put(first, 1, result(1, 0.5, 1));
  EXPECT_TRUE(scheduler.settle().empty()) << "a trial that has ended keeps its record";
  EXPECT_EQ(scheduler.open().at(0).trials, std::vector<std::size_t>{1});
}

TEST(TrialScheduler, KeepsBracketsApart) {
  Records records;
  TrialScheduler scheduler(halving(2, 2), 4, {"", 0, 5}, records.lookup());
  ASSERT_EQ(scheduler.open().size(), 2U);
  EXPECT_EQ(scheduler.open()[0].trials, (std::vector<std::size_t>{0, 2, 4}));
  EXPECT_EQ(scheduler.open()[0].epochs, 1);
  EXPECT_EQ(scheduler.open()[1].trials, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(scheduler.open()[1].epochs, 2);
  const std::string second = scheduler.open()[1].name;
  for (const std::size_t trial : {1, 3}) scheduler.put(second, trial, result(trial, 0.5, 2));
  EXPECT_EQ(scheduler.settle().at(0).id, 4) << "of equals the first goes on";
  EXPECT_EQ(scheduler.open()[0].epochs, 1) << "brackets do not wait for each other";
  EXPECT_FALSE(scheduler.open()[1].epochs);
}

TEST(TrialScheduler, ComparesTheTrialsOfARoundAlone) {
  Records records;
  TrialScheduler scheduler(halving(2, 1), 4, {"round 1 ", 10, 14}, records.lookup());
  EXPECT_EQ(scheduler.open().at(0).trials, (std::vector<std::size_t>{10, 11, 12, 13}));
  const std::string rung = scheduler.open()[0].name;
  EXPECT_TRUE(rung.starts_with("round 1 ")) << rung;
  for (const std::size_t trial : {10, 11, 12, 13}) {
    scheduler.put(rung, trial, result(trial, static_cast<double>(trial), 1));
  }
  EXPECT_EQ(scheduler.settle().size(), 2U);
  EXPECT_EQ(scheduler.open().at(0).trials, (std::vector<std::size_t>{12, 13}));
}

}  // namespace
}  // namespace svhn::tune
