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

std::int64_t TrialQueue::next_index(const std::string& queue) {
  return alone() ? tickets_[queue]++ : store_->next_index(key(queue));
}

void TrialQueue::publish(const std::string& message) {
  if (!alone()) store_->set(key(message_name(rank(), told_++)), message);
}

std::vector<std::string> TrialQueue::poll() {
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

void TrialQueue::check_trouble() {
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
  // A second signal would end the process at once.
  if (alone() || core::stop_signal() != 0) return;
  const auto stop = store_->try_get(key("stop"));
  if (stop) std::raise(*stop == std::to_string(SIGINT) ? SIGINT : SIGTERM);
}

}  // namespace svhn::tune
