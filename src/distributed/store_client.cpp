#include "distributed/store_client.h"

#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/error.h"

namespace svhn::distributed {

StoreClient::StoreClient(const OpenConnection& open, StoreClientOptions options)
    : options_(std::move(options)), state_(std::make_shared<State>()) {
  auto opened = std::make_shared<std::promise<void>>();
  auto result = opened->get_future();
  std::thread([state = state_, open, opened, options = options_] {
    try {
      const auto store = open();
      opened->set_value();
      run(*state, *store, options);
    } catch (...) {
      opened->set_exception(std::current_exception());
    }
    const std::lock_guard lock(state->mutex);
    state->ended = true;
    state->changed.notify_all();
  }).detach();
  if (result.wait_for(2 * options_.timeout) != std::future_status::ready) throw_silent();
  result.get();
}

StoreClient::~StoreClient() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return state_->ended; });
}

void StoreClient::throw_silent() const {
  throw core::Error(core::ExitCode::device, "rank 0, which holds the processes together, does not answer",
                    "see what its own output says");
}

void StoreClient::push(Task task) {
  const std::lock_guard lock(state_->mutex);
  state_->tasks.push_back(std::move(task));
  state_->changed.notify_all();
}

void StoreClient::publish(State& state, const std::string& notice) {
  const std::lock_guard lock(state.mutex);
  if (!state.notice) state.notice = notice;
  state.changed.notify_all();
}

/// @returns whether the connection still works.
bool StoreClient::send_heartbeat(State& state, StoreConnection& store, const StoreClientOptions& options) {
  try {
    store.add(options.heartbeat_key, 1);
    // Only this thread writes the notice, so it may read it without the lock.
    if (state.notice) return true;
    const auto notice = store.find(options.notice_key);
    if (!notice) return true;
    publish(state, *notice);
    store.add(options.acknowledged_key, 1);
    return true;
  } catch (const std::exception&) {
    publish(state, options.lost_notice);
    return false;
  }
}

void StoreClient::run(State& state, StoreConnection& store, const StoreClientOptions& options) {
  bool connected = send_heartbeat(state, store, options);
  auto next = core::Clock::now() + options.heartbeat_interval;
  std::unique_lock lock(state.mutex);
  while (!state.closing || !state.tasks.empty()) {
    state.changed.wait_until(lock, next, [&state] { return state.closing || !state.tasks.empty(); });
    while (!state.tasks.empty()) {
      const Task task = std::move(state.tasks.front());
      state.tasks.pop_front();
      lock.unlock();
      task(store);
      lock.lock();
    }
    if (core::Clock::now() < next) continue;
    lock.unlock();
    connected = connected && send_heartbeat(state, store, options);
    next = core::Clock::now() + options.heartbeat_interval;
    lock.lock();
  }
}

void StoreClient::look_for_notice(std::chrono::milliseconds timeout) {
  call<bool>([state = state_,
              options = options_](StoreConnection& store) { return send_heartbeat(*state, store, options); },
             timeout);
}

std::optional<std::string> StoreClient::notice() const {
  const std::lock_guard lock(state_->mutex);
  return state_->notice;
}

bool StoreClient::wait_for_notice(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [this] { return state_->notice.has_value(); });
}

}  // namespace svhn::distributed
