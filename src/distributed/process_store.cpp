#include "distributed/process_store.h"

#include <algorithm>
#include <thread>

#include "core/clock.h"
#include "distributed/failure.h"

namespace svhn::distributed {
namespace {

using core::Error;
using core::ExitCode;
using std::chrono::milliseconds;

constexpr milliseconds kPoll{5};

StoreClientOptions clerk_options(const ProcessStoreOptions& options) {
  StoreClientOptions clerk;
  clerk.heartbeat_key = "beat/" + std::to_string(options.rank);
  clerk.notice_key = "news";
  clerk.acknowledged_key = "heard/" + std::to_string(options.rank);
  clerk.lost_notice = failure_notice(lost_store(options.launcher_store));
  clerk.beat = std::clamp(options.timeout / 20, milliseconds(50), milliseconds(500));
  clerk.patience = options.timeout;
  return clerk;
}

/// Polls, soon at first, then at leisure.
template <class Done>
bool wait_until(milliseconds patience, const Done& done) {
  const auto until = core::Clock::now() + patience;
  for (milliseconds pause = milliseconds(1); !done(); pause = std::min(2 * pause, 10 * kPoll)) {
    if (core::Clock::now() >= until) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace

ProcessStore::ProcessStore(const ProcessStoreOptions& options, const OpenStore& open)
    : options_(options),
      client_(open, clerk_options(options)),
      signs_(static_cast<std::size_t>(options.size)) {
  enter();
  wait_for_all();
}

template <class R>
R ProcessStore::ask(const std::function<R(RawStore&)>& task) {
  try {
    return client_.call<R>(task);
  } catch (const std::exception&) {
    broken_ = true;
    throw client_.notice() ? error_of_notice(*client_.notice()) : lost_store(options_.launcher_store);
  }
}

void ProcessStore::enter() {
  const auto refuse = [this](const Error& error) {
    fail(error);
    throw error;
  };
  const std::string size = std::to_string(options_.size);
  const auto kept = ask<std::string>([&](RawStore& store) { return store.set_once("size", size); });
  if (kept != size) {
    refuse({ExitCode::usage, "this process was told of " + size + " processes, another one of " + kept,
            "give all of them the same number (WORLD_SIZE)"});
  }
  const std::string rank = std::to_string(options_.rank);
  if (ask<std::int64_t>([&](RawStore& store) { return store.add("rank/" + rank, 1); }) == 1) return;
  refuse({ExitCode::usage, "two processes were told that they are rank " + rank,
          "give each its own (RANK), or choose another MASTER_PORT if another run meets there"});
}

void ProcessStore::wait_for_all() {
  std::vector<std::int64_t> ranks;
  const bool all = wait_until(options_.timeout, [&] {
    ranks = ask<Counters>(read_counters("rank"));
    return std::ranges::all_of(ranks, [](std::int64_t count) { return count > 0; }) || has_failure();
  });
  if (has_failure()) throw find_failure();
  if (all) return;
  std::vector<int> absent;
  for (int rank = 0; rank < options_.size; ++rank) {
    if (ranks[static_cast<std::size_t>(rank)] == 0) absent.push_back(rank);
  }
  const Error error(ExitCode::device,
                    rank_names(absent) + " of " + std::to_string(options_.size) + " did not come within " +
                        std::to_string(options_.timeout.count() / 1000) + " s",
                    "start all processes (under Slurm with srun), with the same MASTER_ADDR and MASTER_PORT");
  publish(failure_notice(error));
  throw error;
}

std::function<ProcessStore::Counters(RawStore&)> ProcessStore::read_counters(const std::string& name) const {
  return [name, size = options_.size](RawStore& store) {
    Counters all;
    for (int rank = 0; rank < size; ++rank) all.push_back(store.add(name + "/" + std::to_string(rank), 0));
    return all;
  };
}

ProcessStore::Counters ProcessStore::counters(const std::string& name) {
  return client_.call<Counters>(read_counters(name), silence());
}

milliseconds ProcessStore::silence() const {
  return std::max(5 * clerk_options(options_).beat, milliseconds(1000));
}

std::int64_t ProcessStore::next_index(const std::string& queue) {
  return ask<std::int64_t>([&](RawStore& store) { return store.add("queue/" + queue, 1); }) - 1;
}

void ProcessStore::set(const std::string& key, const std::string& value) {
  ask<void>([&](RawStore& store) { store.set("text/" + key, value); });
}

std::optional<std::string> ProcessStore::try_get(const std::string& key) {
  return ask<std::optional<std::string>>([&](RawStore& store) { return store.find("text/" + key); });
}

std::string ProcessStore::get(const std::string& key) {
  std::optional<std::string> value;
  const bool found = wait_until(options_.timeout, [&] {
    value = try_get(key);
    return value.has_value() || has_failure();
  });
  if (value) return *value;
  if (found) throw find_failure();
  throw Error(ExitCode::device, "no process has told '" + key + "' within the time-out",
              "give a longer --timeout, or see what the others' own outputs say");
}

std::vector<int> ProcessStore::lost() {
  const auto left = ask<Counters>(read_counters("left"));
  const auto beats = ask<Counters>(read_counters("beat"));
  const auto now = core::Clock::now();
  std::vector<int> ranks;
  const std::lock_guard lock(mutex_);
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    if (signs_[i].beats != beats[i]) signs_[i] = Sign{beats[i], now};
    if (rank != options_.rank && left[i] == 0 && now - signs_[i].changed > silence()) ranks.push_back(rank);
  }
  return ranks;
}

void ProcessStore::fail(const Error& error) {
  publish(failure_notice(failed_rank(options_.rank, error)));
}

void ProcessStore::publish(const std::string& notice) {
  const bool known = broken_.exchange(true);
  try {
    const std::string text = known ? std::string() : notice;
    const std::string own = "heard/" + std::to_string(options_.rank);
    client_.call<std::int64_t>(
        [text, own](RawStore& store) {
          if (!text.empty()) store.set_once("news", text);
          return store.add(own, 1);
        },
        silence());
    if (!options_.serves) return;
    wait_until(silence(), [this] {
      const auto heard = counters("heard");
      return std::ranges::all_of(heard, [](std::int64_t count) { return count > 0; });
    });
  } catch (const std::exception&) {
    // The others find out by themselves: this process is about to be silent.
  }
}

bool ProcessStore::has_failure() const {
  return broken_ || client_.notice().has_value();
}

std::string ProcessStore::find_reason() {
  client_.call<std::int64_t>(
      [this](RawStore& store) { return store.add("noticed/" + std::to_string(options_.rank), 1); },
      silence());
  const auto before = counters("beat");
  if (client_.wait_for_notice(silence())) return *client_.notice();
  const auto left = counters("left");
  const auto noticed = counters("noticed");
  const auto after = counters("beat");
  std::vector<int> lost;
  std::vector<int> absent;
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    if (rank == options_.rank || left[i] > 0) continue;
    if (before[i] == after[i])
      lost.push_back(rank);
    else if (noticed[i] == 0)
      absent.push_back(rank);
  }
  const std::string text = failure_notice(lost.empty() ? out_of_step(absent) : lost_ranks(lost));
  return client_.call<std::string>([text](RawStore& store) { return store.set_once("news", text); },
                                   silence());
}

core::Error ProcessStore::find_failure() {
  std::string reason = failure_notice(lost_store(options_.launcher_store));
  try {
    reason = client_.notice() ? *client_.notice() : find_reason();
  } catch (const std::exception&) {
    // The store does not answer, so rank 0, which holds it, is the one that was lost.
  }
  broken_ = true;
  return error_of_notice(reason);
}

void ProcessStore::leave() {
  try {
    const std::string rank = std::to_string(options_.rank);
    ask<std::int64_t>([rank](RawStore& store) { return store.add("left/" + rank, 1); });
    while (options_.serves && !has_failure()) {
      const auto left = counters("left");
      const auto gone = std::ranges::count_if(left, [](std::int64_t count) { return count > 0; });
      if (gone + static_cast<std::int64_t>(lost().size()) >= options_.size) return;
      std::this_thread::sleep_for(kPoll);
    }
  } catch (const std::exception&) {
    // Nobody is left to say goodbye to.
  }
}

}  // namespace svhn::distributed
