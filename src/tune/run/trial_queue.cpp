#include "tune/run/trial_queue.h"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/signals.h"
#include "distributed/agreement.h"
#include "tune/run/trial_journal.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;
using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

std::string message_name(int rank, std::int64_t number) {
  return "of " + std::to_string(rank) + "/" + std::to_string(number);
}

std::string owner_name(std::int64_t trial) {
  return "owner/" + std::to_string(trial);
}

std::string rank_text(const TrialQueue& queue) {
  return "rank " + std::to_string(queue.rank());
}

/// @returns the text up to the end of its first line.
std::string first_line(const std::string& text) {
  return core::printable(text.substr(0, text.find('\n')));
}

bool sees(const TuneFiles& files, const std::string& signature, milliseconds patience) {
  constexpr milliseconds kPause{50};
  for (milliseconds waited{0};; waited += kPause) {
    if (read_signature(files.lock) == signature) return true;
    if (waited >= patience) return false;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

std::int64_t TrialQueue::next_index(const std::string& queue) {
  return alone() ? indices_[queue]++ : store_->next_index(key(queue));
}

void TrialQueue::publish(const std::string& message) {
  if (!alone()) store_->set(key(message_name(rank(), published_++)), message);
}

std::vector<std::string> TrialQueue::poll() {
  std::vector<std::string> messages;
  for (int other = 0; !alone() && other < store_->size(); ++other) {
    while (other != rank()) {
      auto message = store_->try_get(key(message_name(other, received_[other])));
      if (!message) break;
      messages.push_back(std::move(*message));
      ++received_[other];
    }
  }
  return messages;
}

void TrialQueue::own(std::int64_t trial) {
  if (!alone()) store_->set(key(owner_name(trial)), std::to_string(rank()));
}

bool TrialQueue::owns(std::int64_t trial) {
  return alone() || store_->try_get(key(owner_name(trial))) == std::to_string(rank());
}

bool TrialQueue::has_owner(std::int64_t trial) {
  const auto owner = alone() ? std::nullopt : store_->try_get(key(owner_name(trial)));
  return owner && std::ranges::none_of(lost_, [&](int rank) { return *owner == std::to_string(rank); });
}

void TrialQueue::check_failure() {
  if (has_failure()) throw store_->find_failure();
}

std::vector<int> TrialQueue::newly_lost() {
  if (alone()) return {};
  const auto before = lost_;
  lost_ = store_->lost();
  std::vector<int> fresh;
  std::ranges::set_difference(lost_, before, std::back_inserter(fresh));
  return fresh;
}

void TrialQueue::stop(int signal) {
  if (alone()) return;
  try {
    store_->set(key("stop"), std::to_string(signal));
  } catch (const core::Error&) {
    // The leader is gone; the others stop for that.
  }
}

void TrialQueue::obey_stop() {
  // A second signal would end the process immediately.
  if (alone() || core::stop_signal() != 0) return;
  const auto stop = store_->try_get(key("stop"));
  if (!stop) return;
  for (const int signal : {SIGINT, SIGHUP}) {
    if (*stop == std::to_string(signal) && !core::is_ignored(signal)) std::raise(signal);
  }
  if (core::stop_signal() == 0) std::raise(SIGTERM);
}

void lock_search(SearchLock& lock, const TuneFiles& files) {
  if (lock.try_lock(SearchLock::kSearch)) {
    lock.sign(make_signature());
    return;
  }
  throw Error(
      ExitCode::usage,
      "'" + files.folder.string() + "' is being searched by " + first_line(read_signature(files.lock)),
      "wait for it or end it, or choose another --output");
}

void start_handshake(TrialQueue& queue, const TuneFiles& files, const Json& terms) {
  queue.set_terms(Json{{"terms", terms}, {"signature", read_signature(files.lock)}}.dump());
}

void join_handshake(TrialQueue& queue, const TuneFiles& files, const Json& terms, milliseconds patience) {
  const json said = core::parse_json_strict(queue.terms(), "what rank 0 says", ExitCode::bug);
  const std::vector<distributed::Term> compared{
      {.name = "terms",
       .value = {},
       .message = "has {pointer} = {own}, rank 0 has {wanted}",
       .hint = "give all processes the same config, data, --threads, --precision and --device",
       .ignored = kDataFile}};
  distributed::check_terms(compared, queue.rank(), {{"terms", json::parse(terms.dump())}}, said);
  if (sees(files, said.at("signature").get<std::string>(), patience)) return;
  throw Error(ExitCode::usage,
              rank_text(queue) + " does not find rank 0's search in '" + files.folder.string() + "'",
              "give all processes the same --output, in a folder that their machines share");
}

void check_locks(SearchLock& lock, const TuneFiles& files) {
  if (!lock.try_lock(SearchLock::kSearch)) return;
  throw Error(
      ExitCode::data, "'" + files.lock.string() + "' is locked by rank 0, which cannot be seen from here",
      "several machines need an --output on a file system with common locks (NFS: without 'nolock' and "
      "'local_lock')");
}

}  // namespace svhn::tune
