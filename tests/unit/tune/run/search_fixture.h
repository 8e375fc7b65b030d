#pragma once
/// Small searches on thirty images, which can be killed.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "tune/run/search.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::tune {

/// Collects all events and can end the search as if the process were killed.
struct Watcher : SearchObserver, train::TrainObserver {
  struct Killed {};
  std::vector<metric::TrialResult> results;
  int epochs_until_killed = -1;
  train::TrainObserver& training() override { return *this; }
  void on_result(const metric::TrialResult& result, bool /*best*/) override { results.push_back(result); }
  void on_epoch(const train::EpochReport& /*report*/) override {
    if (epochs_until_killed > 0 && --epochs_until_killed == 0) throw Killed();
  }
};

class SearchTest : public data::PreparedFolder {
 protected:
  void SetUp() override {
    PreparedFolder::SetUp();
    data::PreparedContent content = data::golden_content();
    const auto ten = content.images;
    for (int i = 0; i < 2; ++i) content.images.insert(content.images.end(), ten.begin(), ten.end());
    content.labels.clear();
    for (int row = 0; row < 30; ++row) content.labels.push_back(static_cast<std::uint8_t>(row % 10));
    content.indices = {{{}, {}, {}}};
    for (std::int64_t row = 0; row < 30; ++row) content.indices[row < 20 ? 0 : 1].push_back(row);
    data::write_prepared(file(), content);
  }

  [[nodiscard]] SearchConfig config(const nlohmann::json& section, std::int64_t epochs = 4) const {
    const nlohmann::json document{
        {"schema", 1},
        {"name", "s"},
        {"data", {{"file", file().string()}}},
        {"model",
         {{"layers",
           {{{"type", "average_pool2d"}, {"size", 8}},
            {{"type", "flatten"}},
            {{"type", "dense"}, {"units", 8}, {"activation", "relu"}},
            {{"type", "dropout"}, {"rate", 0.2}},
            {{"type", "dense"}, {"units", 10}}}}}},
        {"train", {{"epochs", epochs}, {"batch_size", 5}, {"optimizer", {{"learning_rate", 0.01}}}}},
        {"tune", section}};
    const std::filesystem::path path = folder_ / "search.config.json";
    core::write_text_file(path, document.dump(), core::ExitCode::config);
    return load_search(path, {});
  }

  metric::TuningResult run(const SearchConfig& search, const std::string& output,
                           train::ExistingRun existing = train::ExistingRun::refuse) {
    return Search({search, folder_ / output, existing}).run(watcher_);
  }

  /// Kills the search after `epochs` epochs. @returns whether it ran that long.
  bool kill_after(const SearchConfig& search, const std::string& output, int epochs) {
    Watcher killer;
    killer.epochs_until_killed = epochs;
    try {
      Search({search, folder_ / output, train::ExistingRun::resume}).run(killer);
    } catch (const Watcher::Killed&) {
      return true;
    }
    return false;
  }

  /// Kills and resumes a search every `epochs` epochs until it ends; its results must be those of an unbroken
  /// one.
  void expect_resumes(const SearchConfig& search, int epochs) {
    const auto whole = timeless(run(search, "whole"));
    int kills = 0;
    while (kill_after(search, "killed", epochs)) ++kills;
    EXPECT_GT(kills, 2);
    EXPECT_EQ(timeless(run(search, "killed", train::ExistingRun::resume)), whole);
  }

  static metric::TuningResult timeless(metric::TuningResult result) {
    for (auto& trial : result.trials) trial.seconds = 0.0;
    return result;
  }

  [[nodiscard]] nlohmann::json results(const std::string& output) const {
    return core::read_json_file(folder_ / output / "s" / "results.json", core::ExitCode::data);
  }

  Watcher watcher_;
};

inline const nlohmann::json kRates{
    {"search", "grid"}, {"space", {{"/train/optimizer/learning_rate", {{"choice", {0.1, 0.01, 0.001}}}}}}};

}  // namespace svhn::tune
