#pragma once
/// A store whose ranks are threads of the test.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "distributed/store.h"

namespace svhn::tune {

/// Shared by all threads; `lose` simulates a killed rank.
struct SharedStore {
  explicit SharedStore(int ranks) : size(ranks) {}
  const int size;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::int64_t> counters;
  std::map<std::string, std::string> texts;
  std::set<int> lost;
  std::optional<core::Error> failure;

  void lose(int rank) {
    const std::lock_guard lock(mutex);
    lost.insert(rank);
    if (rank == 0 && !failure) failure.emplace(core::ExitCode::device, "rank 0 was lost");
    changed.notify_all();
  }
};

class ThreadStore : public distributed::Store {
 public:
  ThreadStore(SharedStore& memory, int rank) : memory_(memory), rank_(rank) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return memory_.size; }
  std::int64_t next_index(const std::string& queue) override {
    const auto lock = lock_or_throw();
    return memory_.counters[queue]++;
  }
  void set(const std::string& key, const std::string& value) override {
    const auto lock = lock_or_throw();
    memory_.texts[key] = value;
    memory_.changed.notify_all();
  }
  std::optional<std::string> try_get(const std::string& key) override {
    const auto lock = lock_or_throw();
    const auto found = memory_.texts.find(key);
    return found == memory_.texts.end() ? std::nullopt : std::optional(found->second);
  }
  std::string get(const std::string& key) override {
    auto lock = lock_or_throw();
    memory_.changed.wait_for(lock, std::chrono::seconds(30),
                             [&] { return memory_.failure || memory_.texts.contains(key); });
    if (memory_.failure) throw core::Error(*memory_.failure);
    return memory_.texts.at(key);
  }
  std::vector<int> lost() override {
    const auto lock = lock_or_throw();
    return {memory_.lost.begin(), memory_.lost.end()};
  }
  void fail(const core::Error& error) override {
    const std::lock_guard lock(memory_.mutex);
    if (!memory_.failure) {
      memory_.failure.emplace(error.code(), "rank " + std::to_string(rank_) + " failed: " + error.what());
    }
    memory_.changed.notify_all();
  }
  [[nodiscard]] bool has_failure() const override {
    const std::lock_guard lock(memory_.mutex);
    return memory_.failure.has_value();
  }
  core::Error find_failure() override {
    const std::lock_guard lock(memory_.mutex);
    return *memory_.failure;
  }
  void leave() override {}

 private:
  std::unique_lock<std::mutex> lock_or_throw() const {
    std::unique_lock lock(memory_.mutex);
    if (memory_.lost.contains(0)) throw core::Error(*memory_.failure);
    return lock;
  }

  SharedStore& memory_;
  int rank_;
};

}  // namespace svhn::tune
