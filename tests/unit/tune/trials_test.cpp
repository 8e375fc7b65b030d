#include "tune/trials.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "unit/tune/parameters.h"

namespace svhn::tune {
namespace {

using nlohmann::json;

TuneOptions options(SearchType search, std::vector<Parameter> space) {
  TuneOptions o;
  o.search = search;
  o.space = std::move(space);
  return o;
}

/// The values of a trial: "32 0.1".
std::string values_of(const Trial& trial) {
  std::string text;
  for (const auto& value : trial.values) text += (text.empty() ? "" : " ") + value.value;
  return text;
}

std::vector<std::string> all_values(const std::vector<Trial>& trials) {
  std::vector<std::string> all;
  for (const auto& trial : trials) all.push_back(values_of(trial));
  return all;
}

TEST(ParameterValues, OfIntegersIncludeBothEndsWhereTheStepMeetsThem) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(parameter_values(integers("/a", 32, 128, 32)), (Texts{"32", "64", "96", "128"}));
  EXPECT_EQ(parameter_values(integers("/a", 1, 6, 2)), (Texts{"1", "3", "5"}));
  EXPECT_EQ(parameter_values(integers("/a", -1, -1, 5)), (Texts{"-1"}));
  EXPECT_THROW(parameter_values(integers("/a", 0, 1'000'000, 1)), core::Error);
}

TEST(PlanTrials, EnumerateAGridWithTheLastParameterFastest) {
  // As list(sklearn.model_selection.ParameterGrid({"a": [1, 2], "b": [8, 9, 10]})) does.
  const auto o = options(SearchType::grid, {choice("/a", {"1", "2"}), integers("/b", 8, 10, 1)});
  const auto trials = plan_trials(o);
  EXPECT_EQ(all_values(trials), (std::vector<std::string>{"1 8", "1 9", "1 10", "2 8", "2 9", "2 10"}));
  for (std::size_t i = 0; i < trials.size(); ++i) EXPECT_EQ(trials[i].id, static_cast<std::int64_t>(i) + 1);
}

TEST(PlanTrials, CutAGridToTheTrialsAskedFor) {
  auto o = options(SearchType::grid, {choice("/a", {"1", "2"}), choice("/b", {"3", "4"})});
  o.trials = 3;
  EXPECT_EQ(all_values(plan_trials(o)), (std::vector<std::string>{"1 3", "1 4", "2 3"}));
}

TEST(PlanTrials, RefuseAGridThatCannotBeCounted) {
  EXPECT_THROW(plan_trials(options(SearchType::grid, {range("/a", ParameterKind::uniform, 0, 1)})),
               core::Error);
  const auto wide = integers("/a", 1, 1000, 1);
  auto other = wide;
  other.name = "/b";
  EXPECT_THROW(plan_trials(options(SearchType::grid, {wide, other})), core::Error);  // A million points.
}

TEST(PlanTrials, DrawEachValueAboutAsOften) {
  auto o = options(SearchType::random,
                   {choice("/a", {"1", "2", "3", "4"}), range("/b", ParameterKind::uniform, 0.0, 1.0)});
  o.trials = 4000;
  std::map<std::string, int> counts;
  for (const auto& trial : plan_trials(o)) ++counts[trial.values[0].value];
  ASSERT_EQ(counts.size(), 4U);
  // Binomial(4000, 1/4): mean 1000, deviation 27.
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 1000, 5 * 27) << value;
}

TEST(PlanTrials, DrawFactorsAsLikelyAndInsideOfTheRange) {
  auto o = options(SearchType::random, {range("/a", ParameterKind::log_uniform, 1e-4, 1e-2)});
  o.trials = 4000;
  int below = 0;
  for (const auto& trial : plan_trials(o)) {
    const double value = trial.values[0].number().value();
    EXPECT_GE(value, 1e-4);
    EXPECT_LT(value, 1e-2);
    below += value < 1e-3 ? 1 : 0;
  }
  EXPECT_NEAR(below, 2000, 5 * 32);  // Half of the factors; Binomial(4000, 1/2): deviation 32.
}

TEST(PlanTrials, DependOnTheSeedAloneAndALongerSearchBeginsAsAShorter) {
  auto o = options(SearchType::random, {integers("/a", 1, 1000, 1), choice("/b", {"1", "2"})});
  o.trials = 20;
  const auto first = all_values(plan_trials(o));
  EXPECT_EQ(all_values(plan_trials(o)), first);
  o.trials = 30;
  auto longer = all_values(plan_trials(o));
  longer.resize(20);
  EXPECT_EQ(longer, first);
  o.seed = 2;
  o.trials = 20;
  EXPECT_NE(all_values(plan_trials(o)), first);
}

TEST(PlanTrials, NeverDrawATrialTwice) {
  auto o = options(SearchType::random, {integers("/a", 1, 4, 1), choice("/b", {"1", "2", "3"})});
  o.trials = 50;
  const auto drawn = all_values(plan_trials(o));
  EXPECT_EQ(drawn.size(), 12U) << "there are no more";
  EXPECT_EQ(std::set(drawn.begin(), drawn.end()).size(), 12U);
}

TEST(PlanTrials, EndWhereARangeHoldsFewNumbers) {
  // The only number of [1, the next one) is 1.
  auto o = options(SearchType::random, {range("/a", ParameterKind::uniform, 1.0, std::nextafter(1.0, 2.0))});
  o.trials = 5;
  EXPECT_EQ(plan_trials(o).size(), 1U);
}

constexpr const char* kRun = R"({"schema": 1, "name": "m", "model": {"layers": [{"type": "flatten"},
  {"type": "dense", "units": 8}, {"type": "dense", "units": 8}, {"type": "dense", "units": 10}]}})";

SearchConfig search(TuneOptions options) {
  return {"c.json", config::parse_run_config(kRun, "c.json"), std::move(options)};
}

TEST(TrialConfig, PutsAValueAtEachOfItsPaths) {
  Trial trial;
  trial.values = {{"units", {"/model/layers/1/units", "/model/layers/2/units"}, "64"},
                  {"/train/optimizer/learning_rate", {"/train/optimizer/learning_rate"}, "0.5"},
                  {"optimizer", {"/train/optimizer"}, R"({"type": "sgd", "momentum": 0.9})"}};
  const auto config = trial_config(search({}), trial);
  EXPECT_EQ(std::get<model::DenseOp>(config.model.layers[1].op).units, 64);
  EXPECT_EQ(std::get<model::DenseOp>(config.model.layers[2].op).units, 64);
  EXPECT_EQ(config.train.optimizer.type, train::OptimizerType::sgd);
  EXPECT_EQ(config.train.optimizer.learning_rate, 0.5) << "a part is set after the whole object";
  EXPECT_EQ(config.train.checkpoint_every_epochs, 1);
}

/// @returns the message of checking a search, or "".
std::string refusal(TuneOptions options) {
  try {
    check_search(search(std::move(options)));
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::config);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

TEST(CheckSearch, TakesWhatIsSound) {
  EXPECT_EQ(refusal(options(SearchType::random, {integers("/model/layers/1/units", 32, 256, 32)})), "");
  EXPECT_EQ(refusal(options(SearchType::random,
                            {range("/train/optimizer/learning_rate", ParameterKind::log_uniform, 1e-5, 1)})),
            "");
}

TEST(CheckSearch, RefusesPathsThatLeadNowhere) {
  for (const char* path : {"/model/layers/9/units", "/train/epoch", "/train/early_stopping/patience",
                           "/model/layers/99999999999999999999/units", "/model/layers/01/units"}) {
    EXPECT_EQ(refusal(options(SearchType::random, {choice(path, {"1"})})),
              std::string("c.json: /tune: there is no value at '") + path + "'");
  }
}

TEST(CheckSearch, RefusesValuesThatAreNotDrawnEither) {
  EXPECT_EQ(refusal(options(SearchType::random, {integers("/model/layers/1/units", 0, 1000, 1)})),
            "c.json: with /model/layers/1/units = 0: /model/layers/1/units: 0 is out of range, expected an "
            "integer from 1 to 1000000");
  auto o =
      options(SearchType::random, {range("/train/optimizer/learning_rate", ParameterKind::uniform, 0, 101)});
  o.trials = 1;
  EXPECT_NE(refusal(o).find("learning_rate: 0"), std::string::npos) << refusal(o);
  EXPECT_NE(refusal(options(SearchType::random, {choice("/model/layers/3/units", {"10", "5"})})), "")
      << "a network with 5 outputs";
}

}  // namespace
}  // namespace svhn::tune
