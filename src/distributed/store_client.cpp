#include "distributed/store_client.h"

#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/error.h"

namespace svhn::distributed {

StoreClient::StoreClient(const OpenStore& open, StoreClientOptions options)
    : options_(std::move(options)), desk_(std::make_shared<Desk>()) {
  auto opened = std::make_shared<std::promise<void>>();
  auto result = opened->get_future();
  std::thread([desk = desk_, open, opened, options = options_] {
    try {
      const auto store = open();
      opened->set_value();
      work(*desk, *store, options);
    } catch (...) {
      opened->set_exception(std::current_exception());
    }
    const std::lock_guard lock(desk->mutex);
    desk->ended = true;
    desk->changed.notify_all();
  }).detach();
  if (result.wait_for(2 * options_.patience) != std::future_status::ready) throw_silent();
  result.get();
}

StoreClient::~StoreClient() {
  std::unique_lock lock(desk_->mutex);
  desk_->closing = true;
  desk_->changed.notify_all();
  desk_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return desk_->ended; });
}

void StoreClient::throw_silent() const {
  throw core::Error(core::ExitCode::device, "rank 0, which holds the processes together, does not answer",
                    "see what its own output says");
}

void StoreClient::push(Task task) {
  const std::lock_guard lock(desk_->mutex);
  desk_->tasks.push_back(std::move(task));
  desk_->changed.notify_all();
}

void StoreClient::publish(Desk& desk, const std::string& notice) {
  const std::lock_guard lock(desk.mutex);
  if (!desk.notice) desk.notice = notice;
  desk.changed.notify_all();
}

/// @returns whether the connection still stands.
bool StoreClient::beat(Desk& desk, RawStore& store, const StoreClientOptions& options) {
  try {
    store.add(options.heartbeat_key, 1);
    // Only this thread writes the notice, so it may look without the lock.
    if (desk.notice) return true;
    const auto notice = store.find(options.notice_key);
    if (!notice) return true;
    publish(desk, *notice);
    store.add(options.acknowledged_key, 1);
    return true;
  } catch (const std::exception&) {
    publish(desk, options.lost_notice);
    return false;
  }
}

void StoreClient::work(Desk& desk, RawStore& store, const StoreClientOptions& options) {
  bool stands = beat(desk, store, options);
  auto next = core::Clock::now() + options.beat;
  std::unique_lock lock(desk.mutex);
  while (!desk.closing || !desk.tasks.empty()) {
    desk.changed.wait_until(lock, next, [&desk] { return desk.closing || !desk.tasks.empty(); });
    while (!desk.tasks.empty()) {
      const Task task = std::move(desk.tasks.front());
      desk.tasks.pop_front();
      lock.unlock();
      task(store);
      lock.lock();
    }
    if (core::Clock::now() < next) continue;
    lock.unlock();
    stands = stands && beat(desk, store, options);
    next = core::Clock::now() + options.beat;
    lock.lock();
  }
}

std::optional<std::string> StoreClient::notice() const {
  const std::lock_guard lock(desk_->mutex);
  return desk_->notice;
}

bool StoreClient::wait_for_notice(std::chrono::milliseconds patience) const {
  std::unique_lock lock(desk_->mutex);
  return desk_->changed.wait_for(lock, patience, [this] { return desk_->notice.has_value(); });
}

}  // namespace svhn::distributed
