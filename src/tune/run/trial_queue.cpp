#include "tune/run/trial_queue.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "core/signals.h"

namespace svhn::tune {
namespace {

std::string message_name(int rank, std::int64_t number) {
  return "of " + std::to_string(rank) + "/" + std::to_string(number);
}

std::string owner_name(std::int64_t trial) {
  return "owner/" + std::to_string(trial);
}

}  // namespace

std::int64_t Team::ticket(const std::string& queue) {
  return alone() ? tickets_[queue]++ : store_->next_index(key(queue));
}

void Team::tell(const std::string& message) {
  if (!alone()) store_->set(key(message_name(rank(), told_++)), message);
}

std::vector<std::string> Team::hear() {
  std::vector<std::string> messages;
  for (int other = 0; !alone() && other < store_->size(); ++other) {
    while (other != rank()) {
      auto message = store_->try_get(key(message_name(other, heard_[other])));
      if (!message) break;
      messages.push_back(std::move(*message));
      ++heard_[other];
    }
  }
  return messages;
}

void Team::own(std::int64_t trial) {
  if (!alone()) store_->set(key(owner_name(trial)), std::to_string(rank()));
}

bool Team::owns(std::int64_t trial) {
  return alone() || store_->try_get(key(owner_name(trial))) == std::to_string(rank());
}

bool Team::has_owner(std::int64_t trial) {
  const auto owner = alone() ? std::nullopt : store_->try_get(key(owner_name(trial)));
  return owner && std::ranges::none_of(lost_, [&](int rank) { return *owner == std::to_string(rank); });
}

void Team::check_trouble() {
  if (has_failure()) throw store_->find_failure();
}

std::vector<int> Team::newly_lost() {
  if (alone()) return {};
  const auto before = lost_;
  lost_ = store_->lost();
  std::vector<int> fresh;
  std::ranges::set_difference(lost_, before, std::back_inserter(fresh));
  return fresh;
}

void Team::stop(int signal) {
  if (alone()) return;
  try {
    store_->set(key("stop"), std::to_string(signal));
  } catch (const core::Error&) {
    // The leader is gone; the others stop for that.
  }
}

void Team::obey_stop() {
  // A second signal would end the process at once.
  if (alone() || core::stop_signal() != 0) return;
  const auto stop = store_->try_get(key("stop"));
  if (stop) std::raise(*stop == std::to_string(SIGINT) ? SIGINT : SIGTERM);
}

}  // namespace svhn::tune
