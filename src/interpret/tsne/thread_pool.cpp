#include "interpret/tsne/thread_pool.h"

#include <ATen/Parallel.h>

namespace svhn::interpret {
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
  const int count = threads > 0 ? threads : at::get_num_threads();
  for (int i = 1; i < count; ++i) helpers_.emplace_back([this, i] { help(i); });
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  open_ += kRun;
  open_.notify_all();
}

void ThreadPool::call(std::int64_t chunk, int thread) {
  try {
    (*work_)(chunk, thread);
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

bool ThreadPool::take_chunk(int thread) {
  std::uint64_t open = open_.load();
  while ((open & kChunks) != 0) {
    if (!open_.compare_exchange_weak(open, open - 1)) continue;
    call(static_cast<std::int64_t>(open & kChunks) - 1, thread);
    ++done_;
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
  done_ = 0;
  failure_ = nullptr;
  open_ = (open_ / kRun + 1) * kRun + static_cast<std::uint64_t>(chunks);
  open_.notify_all();
  while (take_chunk(0)) continue;
  while (!spin_until([&] { return done_.load() == chunks; })) continue;
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace svhn::interpret
