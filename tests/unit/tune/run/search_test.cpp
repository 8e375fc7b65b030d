#include "tune/run/search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tune/folds.h"
#include "unit/tune/run/search_fixture.h"

namespace svhn::tune {
namespace {

namespace fs = std::filesystem;
using metric::TrialStatus;
using nlohmann::json;

TEST_F(SearchTest, KeepsScoresCurvesAndTheBestConfig) {
  const auto result = run(config(kRates), "out");
  ASSERT_EQ(result.trials.size(), 3U);
  for (const auto& trial : result.trials) {
    EXPECT_EQ(trial.status, TrialStatus::completed);
    EXPECT_EQ(trial.epochs, 4);
    ASSERT_EQ(trial.curve.size(), 4U);
    EXPECT_EQ(trial.score, *std::max_element(trial.curve.begin(), trial.curve.end()));
    const auto history = metric::read_history(folder_ / "out/s/trials" /
                                              ("trial-000" + std::to_string(trial.id)) / "history.json");
    EXPECT_EQ(trial.curve, history.val_accuracy);
  }
  EXPECT_EQ(watcher_.results, result.trials);
  EXPECT_EQ(metric::read_tuning(folder_ / "out/s/results.json"), result);
  const auto* best = metric::best_trial(result);
  const auto again = config::load_run_config(folder_ / "out/s/best.config.json");
  EXPECT_EQ(again.name, "s_best");
  EXPECT_EQ(json(again.train.optimizer.learning_rate).dump(), best->values[0].value);
  EXPECT_FALSE(fs::exists(folder_ / "out/s/trials/trial-0001/checkpoints")) << "they are not needed";
}

TEST_F(SearchTest, GivesATrialWhatTrainingItAloneGives) {
  const auto search = config(kRates);
  const auto result = run(search, "out");
  auto alone = trial_config(search, plan_trials(search.tune)[1]);
  train::SessionRequest request;
  request.name = "alone";
  request.data = alone.data;
  request.model = alone.model;
  request.train = alone.train;
  request.config = core::json_text(config::resolved_json(alone));
  request.output = folder_ / "alone";
  train::Session session(request);
  session.run({});
  EXPECT_EQ(result.trials[1].curve, session.state().history.val_accuracy);
}

TEST_F(SearchTest, ScoresFoldsAndRepeatsByTheirMean) {
  json section = kRates;
  section["folds"] = 4;
  section["repeats"] = 2;
  section["trials"] = 1;
  section["objective"] = "val_loss";
  const auto search = config(section, 2);
  const auto result = run(search, "out");
  const auto& trial = result.trials.at(0);
  ASSERT_EQ(trial.run_scores.size(), 8U);
  EXPECT_EQ(trial.epochs, 8 * 2);
  double sum = 0.0;
  for (const double score : trial.run_scores) sum += score;
  EXPECT_DOUBLE_EQ(trial.score.value(), sum / 8);
  // The score of a fold is scikit-learn's: after the last epoch, on the 5 images that were left out.
  for (int run = 1; run <= 8; ++run) {
    const auto name = "trial-0001-run-" + std::to_string(run);
    const auto history = metric::read_history(folder_ / "out/s/trials" / name / "history.json");
    EXPECT_EQ(trial.run_scores[static_cast<std::size_t>(run - 1)], history.val_loss.back());
    EXPECT_NEAR(history.val_accuracy.back() * 5, std::round(history.val_accuracy.back() * 5), 1e-9);
  }
  EXPECT_EQ(std::set(trial.run_scores.begin(), trial.run_scores.end()).size(), 8U)
      << "all runs are different";
}

TEST_F(SearchTest, RecordsATrialThatDivergesAndGoesOn) {
  json section{{"search", "list"}};
  section["list"] = {
      {{"label", "wild"},
       {"values",
        {{"/model/layers/2/activation", "linear"},
         {"/train/optimizer", {{"type", "sgd"}, {"learning_rate", 100.0}, {"momentum", 0.999}}}}}},
      {{"label", "as it is"}, {"values", json::object()}}};
  const auto result = run(config(section, 20), "out");
  ASSERT_EQ(result.trials.size(), 2U);
  EXPECT_EQ(result.trials[0].status, TrialStatus::failed);
  EXPECT_FALSE(result.trials[0].score.has_value());
  EXPECT_NE(result.trials[0].error.find("epoch "), std::string::npos) << result.trials[0].error;
  EXPECT_EQ(result.trials[1].status, TrialStatus::completed);
  EXPECT_EQ(metric::best_trial(result)->id, 2);
}

TEST_F(SearchTest, GoesOnWhereItWasKilled) {
  json section = kRates;
  section["folds"] = 2;
  expect_resumes(config(section, 3), 5);
}

TEST_F(SearchTest, GoesOnWhereItWasKilledUnderTheMedianRule) {
  json section{{"search", "random"},
               {"trials", 6},
               {"stopping", {{"type", "median"}, {"min_trials", 2}}},
               {"space", {{"/train/optimizer/learning_rate", {{"log_uniform", {1e-5, 0.1}}}}}}};
  expect_resumes(config(section, 4), 4);
  int stopped = 0;
  for (const auto& trial : watcher_.results) stopped += trial.status == TrialStatus::stopped ? 1 : 0;
  EXPECT_GT(stopped, 0);
}

TEST_F(SearchTest, GivesHalvingsEpochsToTheBest) {
  const json section{{"search", "random"},
                     {"trials", 9},
                     {"objective", "val_loss"},
                     {"stopping", {{"type", "halving"}, {"reduction", 3}}},
                     {"space", {{"/train/optimizer/learning_rate", {{"log_uniform", {1e-5, 0.1}}}}}}};
  const auto search = config(section, 9);
  expect_resumes(search, 5);
  const auto result = metric::read_tuning(folder_ / "whole/s/results.json");
  std::map<std::int64_t, std::vector<const metric::TrialResult*>> by_epochs;
  for (const auto& trial : result.trials) by_epochs[trial.epochs].push_back(&trial);
  // 9 trials have 1 epoch, the best 3 of them 3, the best of those 9.
  ASSERT_EQ(by_epochs.size(), 3U);
  ASSERT_EQ(by_epochs[1].size(), 6U);
  ASSERT_EQ(by_epochs[3].size(), 2U);
  ASSERT_EQ(by_epochs[9].size(), 1U);
  const auto& winner = *by_epochs[9][0];
  EXPECT_EQ(winner.status, TrialStatus::completed);
  EXPECT_EQ(metric::best_trial(result)->id, winner.id);
  for (const auto* second : by_epochs[3]) {
    EXPECT_EQ(second->status, TrialStatus::stopped);
    EXPECT_GE(second->score, *std::min_element(winner.curve.begin(), winner.curve.begin() + 3));
    for (const auto* third : by_epochs[1]) EXPECT_GE(third->curve[0], second->curve[0]);
  }
}

TEST_F(SearchTest, IsTheSameForTheSameSeedAndBeginsAsAShorterOne) {
  json section{
      {"search", "random"}, {"trials", 3}, {"space", {{"/model/layers/2/units", {{"int", {1, 64}}}}}}};
  const auto first = timeless(run(config(section), "a"));
  EXPECT_EQ(timeless(run(config(section), "b")), first);
  section["trials"] = 5;
  auto longer = timeless(run(config(section), "a", train::ExistingRun::resume));
  ASSERT_EQ(longer.trials.size(), 5U);
  longer.trials.resize(3);
  EXPECT_EQ(longer.trials, first.trials);
}

TEST_F(SearchTest, TouchesNothingOfASearchThatIsThereAlready) {
  run(config(kRates), "out");
  const auto refused = [&](const SearchConfig& search, train::ExistingRun existing, core::ExitCode code) {
    const json before = results("out");
    try {
      run(search, "out", existing);
      ADD_FAILURE() << "was not refused";
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
    }
    EXPECT_EQ(results("out"), before);
  };
  refused(config(kRates), train::ExistingRun::refuse, core::ExitCode::usage);
  refused(config(kRates, 5), train::ExistingRun::resume, core::ExitCode::model);
  json other = kRates;
  other["seed"] = 2;
  refused(config(other), train::ExistingRun::resume, core::ExitCode::model);
  run(config(kRates, 5), "out", train::ExistingRun::overwrite);
  EXPECT_EQ(results("out")["trials"][0]["epochs"], 5);
}

TEST_F(SearchTest, GoesOnWithASearchThatHasAKeyUnderItsFormerName) {
  json space{{"search", "grid"}, {"space", {{"/train/semantics", {{"choice", {"keras", "torch"}}}}}}};
  json list{{"search", "list"}};
  for (const char* value : {"keras", "torch"}) {
    list["list"].push_back({{"label", value}, {"values", {{"/train/semantics", value}}}});
  }
  for (json section : {space, list}) {
    section["objective"] = "val_loss";
    auto search = config(section, 2);
    search.base.train.optimizer.epsilon = 0.1;  // Large, so that its position in the formula matters.
    const std::string output = section["search"];
    const auto whole = run(search, output);
    EXPECT_NE(whole.trials[0].curve, whole.trials[1].curve) << "it has an effect";
    // As an earlier version wrote the files; the second trial is still to be run.
    const fs::path folder = folder_ / output / "s";
    for (const fs::path& file : {folder / "search.json", folder / "trials/trial-0001.json"}) {
      std::string text = core::read_text_file(file, core::ExitCode::data, 1 << 20);
      const std::string current = "framework_compat";
      for (std::size_t at = text.find(current); at != std::string::npos; at = text.find(current)) {
        text.replace(at, current.size(), "semantics");
      }
      core::write_text_file(file, text, core::ExitCode::data);
    }
    fs::remove(folder / "trials/trial-0002.json");
    EXPECT_EQ(timeless(run(search, output, train::ExistingRun::resume)), timeless(whole));
    EXPECT_EQ(config::load_run_config(folder / "best.config.json").name, "s_best");
    EXPECT_EQ(
        core::read_text_file(folder / "search.json", core::ExitCode::data, 1 << 20).find("\"semantics\""),
        std::string::npos);
  }
}

TEST_F(SearchTest, RefusesDamagedRecords) {
  const auto search = config(kRates);
  run(search, "out");
  const fs::path record = folder_ / "out/s/trials/trial-0002.json";
  const std::string text = core::read_text_file(record, core::ExitCode::data, 1 << 20);
  const auto refused = [&](const std::string& content) {
    core::write_text_file(record, content, core::ExitCode::data);
    EXPECT_THROW(Search({search, folder_ / "out", train::ExistingRun::resume}), core::Error) << content;
  };
  refused(text.substr(0, text.size() / 2));
  refused(core::read_text_file(folder_ / "out/s/trials/trial-0001.json", core::ExitCode::data, 1 << 20));
  refused("{}");
}

}  // namespace
}  // namespace svhn::tune
