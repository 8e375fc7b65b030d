#include "interpret/tsne/thread_pool.h"

#include <ATen/Parallel.h>

namespace svhn::interpret {
namespace {

constexpr std::uint64_t kRun = std::uint64_t{1} << 32;
constexpr std::uint64_t kPieces = kRun - 1;
constexpr int kPauses = 1000;  // some 15 microseconds
constexpr int kYields = 50;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Waits a little for `ready`. @returns whether it came.
template <typename Ready>
bool watch(const Ready& ready) {
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

void ThreadPool::call(std::int64_t piece, int member) {
  try {
    (*work_)(piece, member);
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

bool ThreadPool::take_piece(int member) {
  std::uint64_t open = open_.load();
  while ((open & kPieces) != 0) {
    if (!open_.compare_exchange_weak(open, open - 1)) continue;
    call(static_cast<std::int64_t>(open & kPieces) - 1, member);
    ++done_;
    return true;
  }
  return false;
}

void ThreadPool::help(int member) {
  for (;;) {
    const std::uint64_t seen = open_.load();  // before stop_, which changes first: no end goes unnoticed
    if (stop_) return;
    if (take_piece(member)) continue;
    if (!watch([&] { return open_.load() != seen; })) open_.wait(seen);
  }
}

void ThreadPool::run(std::int64_t pieces, const Work& work) {
  if (pieces <= 0) return;
  if (helpers_.empty() || pieces == 1) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) work(piece, 0);
    return;
  }
  work_ = &work;
  done_ = 0;
  failure_ = nullptr;
  open_ = (open_ / kRun + 1) * kRun + static_cast<std::uint64_t>(pieces);
  open_.notify_all();
  while (take_piece(0)) continue;
  while (!watch([&] { return done_.load() == pieces; })) continue;
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace svhn::interpret
