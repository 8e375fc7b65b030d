#include "core/thread_pool.h"

#include <algorithm>

#include "core/cores.h"

namespace svhn::core {
namespace {

constexpr std::uint64_t kRun = std::uint64_t{1} << 32;
constexpr std::uint64_t kChunks = kRun - 1;
constexpr int kPauses = 1000;  // about 15 microseconds
constexpr int kYields = 50;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Spins for a short time until `ready`. @returns the last result of `ready`.
template <typename Ready>
bool spin_until(const Ready& ready) {
  for (int i = 0; i < kPauses; ++i) {
    if (ready()) return true;
    pause();
  }
  for (int i = 0; i < kYields; ++i) {
    if (ready()) return true;
    std::this_thread::yield();
  }
  return ready();
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) helpers_.emplace_back([this, i] { help(i); });
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  open_ += kRun;
  open_.notify_all();
}

void ThreadPool::call(std::int64_t chunk, int thread) {
  if (failed_.load(std::memory_order_relaxed)) return;
  try {
    (*work_)(chunk, thread);
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    failed_ = true;
  }
}

bool ThreadPool::take_chunk(int thread) {
  std::uint64_t open = open_.load();
  while ((open & kChunks) != 0) {
    if (!open_.compare_exchange_weak(open, open - 1)) continue;
    call(chunks_ - static_cast<std::int64_t>(open & kChunks), thread);
    if (--left_ == 0) left_.notify_one();
    return true;
  }
  return false;
}

void ThreadPool::help(int thread) {
  for (;;) {
    const std::uint64_t seen =
        open_.load();  // before stop_, which changes first, so that the end is not missed
    if (stop_) return;
    if (take_chunk(thread)) continue;
    if (!spin_until([&] { return open_.load() != seen; })) open_.wait(seen);
  }
}

void ThreadPool::run(std::int64_t chunks, const Work& work) {
  if (chunks <= 0) return;
  if (helpers_.empty() || chunks == 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) work(chunk, 0);
    return;
  }
  work_ = &work;
  chunks_ = chunks;
  left_ = chunks;
  failed_ = false;
  failure_ = nullptr;
  open_ = (open_ / kRun + 1) * kRun + static_cast<std::uint64_t>(chunks);
  open_.notify_all();
  while (take_chunk(0)) continue;
  if (!spin_until([&] { return left_.load() == 0; })) {
    for (std::int64_t left = left_; left != 0; left = left_) left_.wait(left);
  }
  if (failure_) std::rethrow_exception(failure_);
}

void parallel_for(std::int64_t count, unsigned threads, const std::function<void(std::int64_t)>& work) {
  if (threads == 0) threads = static_cast<unsigned>(available_cores());
  ThreadPool pool(static_cast<int>(std::clamp<std::int64_t>(count, 1, threads)));
  pool.run(count, [&work](std::int64_t i, int /*thread*/) { work(i); });
}

}  // namespace svhn::core
