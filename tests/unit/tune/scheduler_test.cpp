#include "tune/scheduler.h"

#include <gtest/gtest.h>

#include <map>

namespace svhn::tune {
namespace {

using metric::TrialResult;
using metric::TrialStatus;

/// A trial's result with a curve of `epochs` epochs, all of this value.
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
  TrialScheduler agenda({}, 5, 3, records.lookup());
  ASSERT_EQ(agenda.open().size(), 1U);
  const std::string round = agenda.open()[0].name;
  EXPECT_FALSE(agenda.open()[0].rung);
  EXPECT_EQ(agenda.open()[0].trials, (std::vector<std::size_t>{0, 1, 2}));
  for (std::size_t trial = 0; trial < 3; ++trial) {
    EXPECT_TRUE(agenda.pending(round, trial));
    EXPECT_TRUE(agenda.settle().empty());
    EXPECT_FALSE(agenda.open().empty());
    records.ended[trial] = result(trial, 0.5, 5);
    EXPECT_FALSE(agenda.pending(round, trial));
  }
  agenda.settle();
  EXPECT_TRUE(agenda.open().empty());
}

// By hand: 4 trials, half go on; rungs after 1 and 2 epochs, then the whole 4.
TEST(TrialScheduler, SendsTheBestToTheNextRungOnceAllAreKnown) {
  Records records;
  TrialScheduler agenda(halving(2, 1), 4, 4, records.lookup());
  const std::string first = agenda.open().at(0).name;
  EXPECT_EQ(agenda.open()[0].rung, 1);
  const std::array values = {0.1, 0.4, 0.3, 0.2};
  for (const std::size_t trial : {3, 0, 2}) agenda.put(first, trial, result(trial, values.at(trial), 1));
  EXPECT_TRUE(agenda.settle().empty()) << "trial 1 is still out";
  agenda.put(first, 1, result(1, values[1], 1));
  const auto dropped = agenda.settle();
  ASSERT_EQ(dropped.size(), 2U);
  EXPECT_EQ(dropped[0].id, 1);
  EXPECT_EQ(dropped[1].id, 4);
  EXPECT_EQ(dropped[1].status, TrialStatus::stopped);
  EXPECT_EQ(dropped[1].error, "not among the best 2 of 4 after 1 epochs");
  EXPECT_FALSE(agenda.pending(first, 1)) << "that round is over";
  ASSERT_EQ(agenda.open().size(), 1U);
  EXPECT_EQ(agenda.open()[0].rung, 2);
  EXPECT_EQ(agenda.open()[0].trials, (std::vector<std::size_t>{1, 2}));
  EXPECT_NE(agenda.open()[0].name, first);
}

TEST(TrialScheduler, TakesTheRecordOfAnEndedTrialAsFarAsTheRung) {
  Records records;
  TrialScheduler agenda(halving(2, 1), 4, 2, records.lookup());
  const std::string first = agenda.open().at(0).name;
  // A former process came to the end with trial 0; only its first epoch counts at the first rung.
  records.ended[0] = result(0, 0.9, 4);
  records.ended[0].curve[0] = 0.1;
  agenda.put(first, 1, result(1, 0.5, 1));
  EXPECT_TRUE(agenda.settle().empty()) << "what has ended keeps its record";
  EXPECT_EQ(agenda.open().at(0).trials, std::vector<std::size_t>{1});
}

TEST(TrialScheduler, KeepsBracketsApart) {
  Records records;
  TrialScheduler agenda(halving(2, 2), 4, 5, records.lookup());
  ASSERT_EQ(agenda.open().size(), 2U);
  EXPECT_EQ(agenda.open()[0].trials, (std::vector<std::size_t>{0, 2, 4}));
  EXPECT_EQ(agenda.open()[0].rung, 1);
  EXPECT_EQ(agenda.open()[1].trials, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(agenda.open()[1].rung, 2);
  const std::string second = agenda.open()[1].name;
  for (const std::size_t trial : {1, 3}) agenda.put(second, trial, result(trial, 0.5, 2));
  EXPECT_EQ(agenda.settle().at(0).id, 4) << "of equals the first goes on";
  EXPECT_EQ(agenda.open()[0].rung, 1) << "the other bracket waits for nobody and is not waited for";
  EXPECT_FALSE(agenda.open()[1].rung);
}

}  // namespace
}  // namespace svhn::tune
