#include "tune/tpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "tune/trial_plan.h"
#include "unit/tune/parameters.h"

namespace svhn::tune {
namespace {

using metric::TrialResult;
using metric::TrialStatus;

TuneOptions search_options(std::vector<Parameter> space, std::int64_t trials,
                           SearchType search = SearchType::tpe) {
  TuneOptions o;
  o.objective = "val_loss";
  o.search = search;
  o.trials = trials;
  o.space = std::move(space);
  return o;
}

using Loss = std::function<double(const std::map<std::string, double>&)>;

/// The searches on a function in place of runs.
class Simulated {
 public:
  explicit Simulated(const TuneOptions& o, Loss loss) : plan_(o), loss_(std::move(loss)) {}

  /// @returns the least loss of all trials.
  double run() {
    do {
      for (std::size_t i = plan_.round_begin(); i < plan_.trials().size(); ++i) end(plan_.trials()[i]);
    } while (plan_.extend([this](std::int64_t id) { return find(id); }));
    double least = std::numeric_limits<double>::infinity();
    for (const auto& [id, result] : results_) least = std::min(least, result.score.value_or(least));
    return least;
  }

  [[nodiscard]] const TrialPlan& plan() const { return plan_; }

 private:
  const TrialResult* find(std::int64_t id) const {
    const auto found = results_.find(id);
    return found == results_.end() ? nullptr : &found->second;
  }

  void end(const Trial& trial) {
    std::map<std::string, double> values;
    for (const auto& value : trial.values)
      values[value.name] = nlohmann::json::parse(value.value).get<double>();
    TrialResult result;
    result.id = trial.id;
    result.score = loss_(values);
    results_[trial.id] = result;
  }

  TrialPlan plan_;
  Loss loss_;
  std::map<std::int64_t, TrialResult> results_;
};

std::vector<std::string> texts(const TrialPlan& plan) {
  std::vector<std::string> all;
  for (const Trial& trial : plan.trials()) {
    std::string text = std::to_string(trial.id);
    for (const auto& value : trial.values) text += " " + value.value;
    all.push_back(text);
  }
  return all;
}

double sphere(const std::map<std::string, double>& x) {
  return std::pow(x.at("/a") - 0.7, 2) + std::pow(x.at("/b") + 1.3, 2) + std::pow(x.at("/c") - 2.2, 2);
}

std::vector<Parameter> cube() {
  return {range("/a", ParameterKind::uniform, -5, 5), range("/b", ParameterKind::uniform, -5, 5),
          range("/c", ParameterKind::uniform, -5, 5)};
}

/// An integer, a rate on a log scale, and a choice that costs 1 but for one value.
double mixed(const std::map<std::string, double>& x) {
  const double a = x.at("/a"), b = std::log10(x.at("/rate")) + 3.0;
  return std::abs(a - 13.0) / 10.0 + b * b + (x.at("/kind") == 2.0 ? 0.0 : 1.0);
}

std::vector<Parameter> mixed_space() {
  return {integers("/a", 1, 64, 1), choice("/kind", {"0", "1", "2", "3"}),
          range("/rate", ParameterKind::log_uniform, 1e-6, 1.0)};
}

/// @returns in how many of 20 seeds the search `tpe` finds less than random draws.
int wins(const std::vector<Parameter>& space, const Loss& loss, std::int64_t trials) {
  int won = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TuneOptions tpe = search_options(space, trials),
                random = search_options(space, trials, SearchType::random);
    tpe.seed = random.seed = seed;
    won += Simulated(tpe, loss).run() < Simulated(random, loss).run() ? 1 : 0;
  }
  return won;
}

TEST(Tpe, FindsLessThanRandomDrawsInAsManyTrials) {
  // By chance at most 14 of 20 in 98 of 100 cases.
  EXPECT_GE(wins(cube(), sphere, 60), 17);
  EXPECT_GE(wins(mixed_space(), mixed, 60), 17);
}

TEST(Tpe, BeginsWithTheTrialsOfARandomSearch) {
  const TrialPlan tpe(search_options(cube(), 40)), random(search_options(cube(), 10, SearchType::random));
  EXPECT_EQ(texts(tpe), texts(random));
  EXPECT_EQ(tpe.size(), 40U);
}

TEST(Tpe, ProposesRoundsThatDependOnEarlierResultsAlone) {
  Simulated whole(search_options(cube(), 30), sphere), shorter(search_options(cube(), 23), sphere);
  whole.run();
  shorter.run();
  const auto all = texts(whole.plan());
  EXPECT_EQ(all.size(), 30U);
  EXPECT_EQ(texts(shorter.plan()), (std::vector<std::string>{all.begin(), all.begin() + 23}));
  // The results of the round 11 to 14 do not matter to it, those of the first ten do.
  Simulated other(search_options(cube(), 18), [](const auto& x) { return -sphere(x); });
  other.run();
  EXPECT_EQ(texts(other.plan())[9], all[9]);
  EXPECT_NE(texts(other.plan())[10], all[10]);
}

TEST(Tpe, WaitsForAllResultsOfARound) {
  TrialPlan plan(search_options(cube(), 30));
  std::map<std::int64_t, TrialResult> results;
  const auto find = [&](std::int64_t id) -> const TrialResult* {
    const auto found = results.find(id);
    return found == results.end() ? nullptr : &found->second;
  };
  for (std::int64_t id = 1; id <= 10; ++id) {
    EXPECT_FALSE(plan.extend(find)) << id;
    results[id].id = id;
    results[id].score = static_cast<double>(id);
  }
  EXPECT_TRUE(plan.extend(find));
  EXPECT_EQ(plan.trials().size(), 14U);
  EXPECT_EQ(plan.round_begin(), 10U);
  EXPECT_FALSE(plan.extend(find));
}

TEST(Tpe, ProposesNoTrialTwiceAndEndsWithTheSpace) {
  Simulated search(search_options({integers("/a", 1, 5, 1), choice("/b", {"1", "2", "3", "4"})}, 100),
                   [](const auto& x) { return x.at("/a") + x.at("/b"); });
  search.run();
  std::set<std::string> seen;
  for (const Trial& trial : search.plan().trials()) {
    EXPECT_TRUE(seen.insert(trial.values[0].value + " " + trial.values[1].value).second);
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST(Tpe, ProposesValuesWithinTheirRanges) {
  Simulated search(search_options(mixed_space(), 60), mixed);
  search.run();
  for (const Trial& trial : search.plan().trials()) {
    const auto a = nlohmann::json::parse(trial.values[0].value),
               rate = nlohmann::json::parse(trial.values[2].value);
    EXPECT_TRUE(a.is_number_integer() && a >= 1 && a <= 64) << a;
    EXPECT_TRUE(rate >= 1e-6 && rate < 1.0) << rate;
  }
}

TEST(DivideTrials, RanksCompletedThenStoppedThenFailedOnes) {
  TuneOptions o = search_options(cube(), 30);
  o.objective = "val_accuracy";
  o.tpe = TpeOptions{.gamma = 0.5};
  const std::vector<Trial> trials(7);
  std::vector<TrialResult> results(7);
  const auto set = [&](std::size_t i, TrialStatus status, double score, std::int64_t epochs) {
    results[i].status = status;
    results[i].score = score;
    results[i].epochs = epochs;
  };
  set(0, TrialStatus::stopped, 0.9, 2);
  set(1, TrialStatus::failed, 0.99, 9);
  set(2, TrialStatus::stopped, 0.5, 3);
  set(3, TrialStatus::completed, 0.6, 5);
  set(4, TrialStatus::stopped, 0.6, 3);
  set(5, TrialStatus::completed, 0.7, 5);
  set(6, TrialStatus::failed, 0.1, 1);
  std::vector<const TrialResult*> pointers;
  for (const auto& result : results) pointers.push_back(&result);
  const auto good = divide_trials(o, trials, pointers).good;  // Four of seven: 5, 3, 4, 2.
  EXPECT_EQ(good, (std::vector<const Trial*>{&trials[2], &trials[3], &trials[4], &trials[5]}));
  o.tpe->gamma = 0.15;
  EXPECT_EQ(divide_trials(o, trials, pointers).good, (std::vector<const Trial*>{&trials[3], &trials[5]}));
  EXPECT_EQ(divide_trials(o, trials, pointers).others.size(), 5U);
}

TEST(DivideTrials, CallsAtMost25Good) {
  const TuneOptions o = search_options(cube(), 1000);
  const std::vector<Trial> trials(400);
  std::vector<TrialResult> results(400);
  std::vector<const TrialResult*> pointers;
  for (auto& result : results) {
    result.score = 1.0;
    pointers.push_back(&result);
  }
  EXPECT_EQ(divide_trials(o, trials, pointers).good.size(), 25U);
}

TEST(ProposeValues, TakesOneThatTheGoodTrialsHave) {
  TuneOptions o = search_options({choice("/a", {"1", "2", "3"})}, 30);
  std::vector<Trial> trials;
  for (const char* value : {"1", "2", "2", "3", "1", "3"}) trials.push_back(make_trial(o, {value}));
  const TpeEvidence evidence{{&trials[1], &trials[2]}, {&trials[0], &trials[3], &trials[4], &trials[5]}};
  for (std::uint64_t number = 0; number < 20; ++number) {
    EXPECT_EQ(propose_values(o, evidence, number, 0), (std::vector<std::string>{"2"}));
  }
}

}  // namespace
}  // namespace svhn::tune
