#include "distributed/process_store.h"

#include <algorithm>
#include <cstddef>
#include <thread>

#include "core/clock.h"

namespace svhn::distributed {
namespace {

using core::Error;
using core::ExitCode;
using std::chrono::milliseconds;

constexpr milliseconds kPollInterval{5};
constexpr const char* kNoticeKey = "news";

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

/// @returns "rank 2", "ranks 1 and 3" or "ranks 1, 2 and 3".
std::string rank_names(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return text;
}

/// @returns the error as one text, for the store.
std::string failure_notice(const Error& error) {
  return std::to_string(static_cast<int>(error.code())) + one_line(error.what()) + "\n" +
         one_line(error.hint());
}

/// @returns the error that failure_notice was given; one of code bug for any other text.
Error error_of_notice(const std::string& text) {
  const std::size_t line = text.find('\n');
  if (line == std::string::npos || line == 0 || text[0] < '1' || text[0] > '7') {
    return {ExitCode::bug, "the processes' news cannot be read"};
  }
  return {static_cast<ExitCode>(text[0] - '0'), text.substr(1, line - 1), text.substr(line + 1)};
}

Error failed_rank(int rank, const Error& error) {
  return {error.code(), "rank " + std::to_string(rank) + " failed: " + error.what(), error.hint()};
}

Error lost_ranks(const std::vector<int>& ranks) {
  return {ExitCode::device, rank_names(ranks) + (ranks.size() == 1 ? " was lost" : " were lost"),
          "the process was killed or the network cut; start it again, a training or a search with --resume"};
}

/// @param foreign the launcher served the store, not rank 0.
Error lost_store(bool foreign) {
  if (!foreign) return lost_ranks({0});
  return {ExitCode::device, "the launcher's own store was lost, or does not understand this LibTorch",
          "for a torchrun of another version set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"};
}

/// @param absent ranks that live and did not take part in the operation.
Error out_of_step(const std::vector<int>& absent) {
  if (absent.empty()) {
    return {ExitCode::device, "the connection between the processes broke, although all of them live",
            "see what their own outputs say; start it again, a training or a search with --resume"};
  }
  return {ExitCode::device,
          rank_names(absent) + (absent.size() == 1 ? " lives but keeps" : " live but keep") +
              " the others waiting for too long",
          "give a longer --timeout, or see what holds it up"};
}

StoreClientOptions client_options(const ProcessStoreOptions& options) {
  StoreClientOptions client;
  client.heartbeat_key = "beat/" + std::to_string(options.rank);
  client.notice_key = kNoticeKey;
  client.acknowledged_key = "heard/" + std::to_string(options.rank);
  client.lost_notice = failure_notice(lost_store(options.launcher_store));
  client.heartbeat_interval = std::clamp(options.timeout / 20, milliseconds(50), milliseconds(500));
  client.timeout = options.timeout;
  return client;
}

/// Polls, at first after 1 ms, then at growing intervals. @returns whether `done` did within `timeout`.
template <class Done>
bool wait_until(milliseconds timeout, const Done& done) {
  const auto deadline = core::Clock::now() + timeout;
  for (milliseconds pause = milliseconds(1); !done(); pause = std::min(2 * pause, 10 * kPollInterval)) {
    if (core::Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace

ProcessStore::ProcessStore(const ProcessStoreOptions& options, const OpenConnection& open)
    : options_(options),
      client_(open, client_options(options)),
      heartbeats_(static_cast<std::size_t>(options.size)) {
  register_rank();
  wait_for_all();
}

template <class R>
R ProcessStore::call(const std::function<R(StoreConnection&)>& task) {
  try {
    return client_.call<R>(task);
  } catch (const std::exception&) {
    failed_ = true;
    throw client_.notice() ? error_of_notice(*client_.notice()) : lost_store(options_.launcher_store);
  }
}

void ProcessStore::register_rank() {
  const auto fail_with = [this](const Error& error) {
    fail(error);
    throw error;
  };
  const std::string size = std::to_string(options_.size);
  const auto kept = call<std::string>([&](StoreConnection& store) { return store.set_once("size", size); });
  if (kept != size) {
    fail_with({ExitCode::usage, "this process was told of " + size + " processes, another one of " + kept,
               "give all of them the same number (WORLD_SIZE)"});
  }
  const std::string rank = std::to_string(options_.rank);
  if (call<std::int64_t>([&](StoreConnection& store) { return store.add("rank/" + rank, 1); }) == 1) return;
  fail_with({ExitCode::usage, "two processes were told that they are rank " + rank,
             "give each its own (RANK), or choose another MASTER_PORT if another run meets there"});
}

void ProcessStore::wait_for_all() {
  std::vector<std::int64_t> ranks;
  const bool all = wait_until(options_.timeout, [&] {
    ranks = call<Counters>(read_counters("rank"));
    return std::ranges::all_of(ranks, [](std::int64_t count) { return count > 0; }) || has_failure();
  });
  if (has_failure()) {
    const Error failure = find_failure();
    publish({});
    throw failure;
  }
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

std::function<ProcessStore::Counters(StoreConnection&)> ProcessStore::read_counters(
    const std::string& name) const {
  return [name, size = options_.size](StoreConnection& store) {
    Counters all;
    for (int rank = 0; rank < size; ++rank) all.push_back(store.add(name + "/" + std::to_string(rank), 0));
    return all;
  };
}

ProcessStore::Counters ProcessStore::counters(const std::string& name) {
  return client_.call<Counters>(read_counters(name), silence_limit());
}

milliseconds ProcessStore::silence_limit() const {
  return std::max(5 * client_options(options_).heartbeat_interval, milliseconds(1000));
}

std::int64_t ProcessStore::next_index(const std::string& queue) {
  return call<std::int64_t>([&](StoreConnection& store) { return store.add("queue/" + queue, 1); }) - 1;
}

void ProcessStore::set(const std::string& key, const std::string& value) {
  call<void>([&](StoreConnection& store) { store.set("text/" + key, value); });
}

std::optional<std::string> ProcessStore::try_get(const std::string& key) {
  return call<std::optional<std::string>>([&](StoreConnection& store) { return store.find("text/" + key); });
}

std::string ProcessStore::get(const std::string& key) {
  std::optional<std::string> value;
  const bool found = wait_until(options_.timeout, [&] {
    value = try_get(key);
    return value.has_value() || has_failure();
  });
  if (value) return *value;
  if (found) throw find_failure();
  throw Error(ExitCode::device, "no process has told '" + key + "' within the timeout",
              "give a longer --timeout, or see what the others' own outputs say");
}

std::vector<int> ProcessStore::lost() {
  const auto left = call<Counters>(read_counters("left"));
  return silent_ranks(left, call<Counters>(read_counters("beat")));
}

std::vector<int> ProcessStore::silent_ranks(const Counters& left, const Counters& beats) {
  const auto now = core::Clock::now();
  std::vector<int> ranks;
  const std::lock_guard lock(mutex_);
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    if (heartbeats_[i].count != beats[i]) heartbeats_[i] = Heartbeat{beats[i], now};
    if (rank != options_.rank && left[i] == 0 && now - heartbeats_[i].changed > silence_limit())
      ranks.push_back(rank);
  }
  return ranks;
}

void ProcessStore::fail(const Error& error) {
  publish(failure_notice(failed_rank(options_.rank, error)));
}

void ProcessStore::publish(const std::string& notice) {
  const bool published = failed_.exchange(true);
  try {
    if (!published && !notice.empty()) {
      client_.call<std::string>(
          [notice](StoreConnection& store) { return store.set_once(kNoticeKey, notice); }, silence_limit());
    }
    client_.look_for_notice(silence_limit());
    if (options_.is_server) wait_until(options_.timeout, [this] { return all_have_heard(); });
  } catch (const std::exception&) {
    // The others notice it by the heartbeats, which are about to stop.
  }
}

bool ProcessStore::all_have_heard() {
  // Two processes may have come as one rank, and each has to hear.
  const auto came = counters("rank");
  const auto heard = counters("heard");
  const auto left = counters("left");
  const std::vector<int> silent = silent_ranks(left, counters("beat"));
  for (int rank = 0; rank < options_.size; ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    if (heard[i] < came[i] && left[i] == 0 && std::ranges::find(silent, rank) == silent.end()) return false;
  }
  return true;
}

bool ProcessStore::has_failure() const {
  return failed_ || client_.notice().has_value();
}

std::string ProcessStore::find_reason() {
  client_.call<std::int64_t>(
      [this](StoreConnection& store) { return store.add("noticed/" + std::to_string(options_.rank), 1); },
      silence_limit());
  const auto before = counters("beat");
  if (client_.wait_for_notice(silence_limit())) return *client_.notice();
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
  return client_.call<std::string>(
      [text](StoreConnection& store) { return store.set_once(kNoticeKey, text); }, silence_limit());
}

core::Error ProcessStore::find_failure() {
  std::string reason = failure_notice(lost_store(options_.launcher_store));
  try {
    reason = client_.notice() ? *client_.notice() : find_reason();
  } catch (const std::exception&) {
    // The store does not answer, so its server was lost.
  }
  failed_ = true;
  return error_of_notice(reason);
}

void ProcessStore::leave() {
  try {
    const std::string rank = std::to_string(options_.rank);
    call<std::int64_t>([rank](StoreConnection& store) { return store.add("left/" + rank, 1); });
    while (options_.is_server && !has_failure()) {
      const auto left = counters("left");
      const auto gone = std::ranges::count_if(left, [](std::int64_t count) { return count > 0; });
      if (gone + static_cast<std::int64_t>(lost().size()) >= options_.size) return;
      std::this_thread::sleep_for(kPollInterval);
    }
  } catch (const std::exception&) {
    // No other process is left to wait for.
  }
}

}  // namespace svhn::distributed
