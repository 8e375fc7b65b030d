#include "distributed/store_client.h"

#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/error.h"

namespace svhn::distributed {

Clerk::Clerk(const OpenStore& open, ClerkOptions options)
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

Clerk::~Clerk() {
  std::unique_lock lock(desk_->mutex);
  desk_->closing = true;
  desk_->changed.notify_all();
  desk_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return desk_->ended; });
}

void Clerk::throw_silent() const {
  throw core::Error(core::ExitCode::device, "rank 0, which holds the processes together, does not answer",
                    "see what its own output says");
}

void Clerk::push(Task task) {
  const std::lock_guard lock(desk_->mutex);
  desk_->tasks.push_back(std::move(task));
  desk_->changed.notify_all();
}

void Clerk::tell(Desk& desk, const std::string& news) {
  const std::lock_guard lock(desk.mutex);
  if (!desk.news) desk.news = news;
  desk.changed.notify_all();
}

/// @returns whether the connection still stands.
bool Clerk::beat(Desk& desk, RawStore& store, const ClerkOptions& options) {
  try {
    store.add(options.beat_key, 1);
    // Only this thread writes the news, so it may look without the lock.
    if (desk.news) return true;
    const auto news = store.find(options.news_key);
    if (!news) return true;
    tell(desk, *news);
    store.add(options.heard_key, 1);
    return true;
  } catch (const std::exception&) {
    tell(desk, options.lost_news);
    return false;
  }
}

void Clerk::work(Desk& desk, RawStore& store, const ClerkOptions& options) {
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

std::optional<std::string> Clerk::news() const {
  const std::lock_guard lock(desk_->mutex);
  return desk_->news;
}

bool Clerk::wait_for_news(std::chrono::milliseconds patience) const {
  std::unique_lock lock(desk_->mutex);
  return desk_->changed.wait_for(lock, patience, [this] { return desk_->news.has_value(); });
}

}  // namespace svhn::distributed
