/// A search by several processes; the test runs them as threads.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tune/run/trial_journal.h"
#include "tune/run/trial_queue.h"
#include "tune/search_lock.h"
#include "unit/distributed/thread_store.h"
#include "unit/tune/run/search_fixture.h"

namespace svhn::tune {
namespace {

namespace fs = std::filesystem;
using metric::TrialStatus;
using nlohmann::json;

/// One process: its events and how it ended.
struct Process : Watcher {
  std::vector<std::int64_t> begun;  ///< The trial of each run that it started.
  std::vector<int> lost;
  std::function<void(const Trial&)> waiting;
  std::function<void()> after_epoch;
  std::optional<core::Error> error;
  std::atomic<bool> works = false;
  void on_run(const Trial& trial, std::int64_t /*run*/, std::int64_t /*runs*/) override {
    begun.push_back(trial.id);
    works = true;
  }
  void on_lost(int rank) override { lost.push_back(rank); }
  void on_waiting(const Trial& trial) override {
    if (waiting) waiting(trial);
  }
  void on_epoch(const train::EpochReport& report) override {
    Watcher::on_epoch(report);
    if (after_epoch) after_epoch();
  }
};

class SearchGroupTest : public SearchTest {
 protected:
  void work(const SearchConfig& search, const std::string& output, train::ExistingRun existing, int rank) {
    Process& process = processes_.at(static_cast<std::size_t>(rank));
    const auto store = std::make_shared<ThreadStore>(*memory_, rank);
    try {
      Search({search, folder_ / output, existing, torch::kCPU, store}).run(process);
    } catch (const Watcher::Killed&) {
      memory_->lose(rank);
    } catch (const core::Error& error) {
      process.error = error;
      store->fail(error);
    }
  }

  void run_group(const SearchConfig& search, const std::string& output,
                 train::ExistingRun existing = train::ExistingRun::refuse) {
    std::vector<std::thread> threads;
    for (int rank = 0; rank < memory_->size; ++rank) {
      threads.emplace_back([&, rank] { work(search, output, existing, rank); });
    }
    for (auto& thread : threads) thread.join();
  }

  void prepare(int size) {
    memory_ = std::make_unique<SharedStore>(size);
    processes_ = std::vector<Process>(static_cast<std::size_t>(size));
    if (size == 2) processes_[0].after_epoch = wait_for([this] { return processes_[1].works.load(); });
  }

  /// Prevents a process from running all trials before another one has started or was killed.
  static std::function<void()> wait_for(std::function<bool()> happened) {
    return [happened = std::move(happened)] {
      while (!happened()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
  }

  [[nodiscard]] metric::TuningResult kept(const std::string& output) const {
    return timeless(metric::read_tuning(folder_ / output / "s/results.json"));
  }

  /// @returns the records beside the results, by the name of the file.
  [[nodiscard]] std::map<std::string, json> records(const std::string& output) const {
    std::map<std::string, json> found;
    for (const auto& entry : fs::directory_iterator(folder_ / output / "s/trials")) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".json") || name.ends_with(".history.json")) continue;
      found[name] = core::read_json_file(entry.path(), core::ExitCode::data);
      found[name].erase("seconds");
    }
    return found;
  }

  void expect_same_as_alone(const SearchConfig& search, int size) {
    const auto whole = timeless(run(search, "whole"));
    prepare(size);
    run_group(search, "shared");
    for (const auto& process : processes_) EXPECT_FALSE(process.error) << process.error->what();
    EXPECT_EQ(kept("shared"), whole);
    EXPECT_EQ(records("shared"), records("whole"));
    EXPECT_EQ(processes_[0].results.size(), whole.trials.size()) << "rank 0 gets every result once";
    EXPECT_TRUE(processes_[1].results.empty());
  }

  std::unique_ptr<SharedStore> memory_;
  std::vector<Process> processes_;
};

json random_rates(int trials) {
  return {{"search", "random"},
          {"trials", trials},
          {"objective", "val_loss"},
          {"space", {{"/train/optimizer/learning_rate", {{"log_uniform", {1e-5, 0.1}}}}}}};
}

TEST_F(SearchGroupTest, GivesTheResultsOfOneProcess) {
  json section = random_rates(5);
  section["folds"] = 2;
  expect_same_as_alone(config(section, 2), 2);
  std::map<std::int64_t, int> begun;
  for (const auto& process : processes_) {
    EXPECT_FALSE(process.begun.empty()) << "each runs trials";
    for (const std::int64_t trial : process.begun) ++begun[trial];
  }
  for (const auto& [trial, times] : begun)
    EXPECT_EQ(times, 2) << "trial " << trial << ": two folds, once each";
}

TEST_F(SearchGroupTest, GivesTheResultsOfOneProcessUnderTheMedianRule) {
  json section = random_rates(8);
  section["stopping"] = {{"type", "median"}, {"min_trials", 2}};
  expect_same_as_alone(config(section, 4), 3);
  int stopped = 0;
  for (const auto& trial : kept("shared").trials) stopped += trial.status == TrialStatus::stopped ? 1 : 0;
  EXPECT_GT(stopped, 0);
}

TEST_F(SearchGroupTest, GivesTheResultsOfOneProcessUnderHyperband) {
  json section = random_rates(9);
  section["stopping"] = {{"type", "halving"}, {"reduction", 2}, {"brackets", 2}};
  expect_same_as_alone(config(section, 4), 3);
}

TEST_F(SearchGroupTest, TakesALostProcessesTrialAgain) {
  const auto search = config(random_rates(4));
  const auto whole = timeless(run(search, "whole"));
  prepare(2);
  processes_[1].epochs_until_killed = 3;
  processes_[0].after_epoch = wait_for([this] { return ThreadStore(*memory_, 0).lost().size() == 1; });
  run_group(search, "shared");
  EXPECT_EQ(kept("shared"), whole);
  EXPECT_EQ(records("shared"), records("whole"));
  const auto lost = processes_[1].begun.back();
  const auto& others = processes_[0].begun;
  EXPECT_EQ(std::count(others.begin(), others.end(), lost), 1);
}

TEST_F(SearchGroupTest, EndsWithItsLeaderAndGoesOnAlone) {
  for (const char* type : {"median", "halving"}) {
    json section = random_rates(6);
    section["stopping"] = {{"type", type}};
    const auto search = config(section);
    const std::string whole = std::string("whole ") + type, shared = std::string("shared ") + type;
    const auto expected = timeless(run(search, whole));
    prepare(2);
    processes_[0].epochs_until_killed = 3;
    processes_[0].after_epoch = {};
    processes_[1].after_epoch = wait_for([this] { return ThreadStore(*memory_, 1).has_failure(); });
    run_group(search, shared);
    ASSERT_TRUE(processes_[1].error);
    EXPECT_EQ(processes_[1].error->code(), core::ExitCode::device);
    EXPECT_EQ(timeless(run(search, shared, train::ExistingRun::resume)), expected);
  }
}

TEST_F(SearchGroupTest, LeavesATrialThatAnotherProcessOwns) {
  const auto search = config(random_rates(3));
  const auto whole = timeless(run(search, "whole"));
  prepare(2);
  // As if the others had taken this process for dead.
  processes_[1].after_epoch = [&, done = false]() mutable {
    if (std::exchange(done, true)) return;
    ThreadStore(*memory_, 0).set("tune/owner/" + std::to_string(processes_[1].begun.back()), "0");
  };
  run_group(search, "shared");
  EXPECT_EQ(kept("shared"), whole);
  EXPECT_EQ(processes_[0].begun.size() + processes_[1].begun.size(), 4U) << "one of them was begun twice";
}

TEST_F(SearchGroupTest, WaitsForAStoppedProcessThatHoldsATrial) {
  const auto search = config(random_rates(3));
  prepare(2);
  const TuneFiles files(folder_ / "shared", "s");
  SearchLock stopped(files.lock, SearchLock::Need::locks);
  ASSERT_TRUE(stopped.try_lock(2));
  std::vector<std::int64_t> waited;
  processes_[0].waiting = [&](const Trial& trial) {
    waited.push_back(trial.id);
    EXPECT_FALSE(fs::exists(files.trials / "trial-0002")) << "nobody else may write there";
    stopped.unlock(2);
  };
  run_group(search, "shared");
  EXPECT_EQ(waited, std::vector<std::int64_t>{2});
  EXPECT_EQ(kept("shared").trials.size(), 3U);
}

TEST_F(SearchGroupTest, RefusesAProcessWithAnotherSearch) {
  prepare(2);
  processes_[0].after_epoch = wait_for([this] { return ThreadStore(*memory_, 0).has_failure(); });
  const auto four = config(kRates, 4), five = config(kRates, 5);
  std::thread other([&] { work(five, "shared", train::ExistingRun::refuse, 1); });
  work(four, "shared", train::ExistingRun::refuse, 0);
  other.join();
  ASSERT_TRUE(processes_[1].error);
  EXPECT_EQ(processes_[1].error->code(), core::ExitCode::usage);
  EXPECT_STREQ(processes_[1].error->what(), "rank 1 has /config/train/epochs = 5, rank 0 has 4");
  ASSERT_TRUE(processes_[0].error) << "all of them end";
}

TEST_F(SearchGroupTest, RefusesASecondSearchInTheSameFolder) {
  const auto search = config(kRates);
  Process first;
  std::optional<core::Error> refused;
  first.after_epoch = [&] {
    if (refused) return;
    try {
      run(search, "out", train::ExistingRun::resume);
    } catch (const core::Error& error) {
      refused = error;
    }
  };
  Search({search, folder_ / "out"}).run(first);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), core::ExitCode::usage);
  EXPECT_NE(std::string(refused->what()).find("s' is being searched by process "), std::string::npos)
      << refused->what();
}

TEST_F(SearchGroupTest, RefusesAnotherFolder) {
  SharedStore memory(2);
  const TuneFiles here(folder_ / "here", "s"), elsewhere(folder_ / "elsewhere", "s");
  SearchLock lock(here.lock, SearchLock::Need::locks);
  lock_search(lock, here);
  TrialQueue leader(std::make_shared<ThreadStore>(memory, 0)),
      other(std::make_shared<ThreadStore>(memory, 1));
  start_handshake(leader, here, {{"threads", 1}});
  join_handshake(other, here, {{"threads", 1}}, std::chrono::milliseconds(0));
  EXPECT_THROW(join_handshake(other, elsewhere, {{"threads", 1}}, std::chrono::milliseconds(0)), core::Error);
  EXPECT_THROW(join_handshake(other, here, {{"threads", 2}}, std::chrono::milliseconds(0)), core::Error);
  SearchLock second(here.lock, SearchLock::Need::locks);
  check_locks(second, here);
  lock.unlock(SearchLock::kSearch);  // As on a file system whose locks reach one machine only.
  EXPECT_THROW(check_locks(second, here), core::Error);
}

}  // namespace
}  // namespace svhn::tune
