#pragma once
/// A thread pool for many short loops. A step of t-SNE has about ten loops of 0.1 ms each: to start threads
/// for each loop, or to let them sleep in between, would cost more time than they save.

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace svhn::interpret {

/// The caller's thread and helper threads. Idle helpers spin for some microseconds, then sleep.
class ThreadPool {
 public:
  /// @param threads number of threads including the caller's; 0: at::get_num_threads().
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// @returns the number of threads including the caller's.
  [[nodiscard]] int size() const { return static_cast<int>(helpers_.size()) + 1; }

  using Work = std::function<void(std::int64_t, int)>;
  /// Calls `work(chunk, thread)` once for every chunk in [0, chunks), in any order, and returns when all
  /// calls have ended. `thread` is in [0, size()); no two calls with the same thread run concurrently. Must
  /// be called from one thread at a time, and not from `work`.
  /// @throws the first exception of `work`, after all calls have ended.
  void run(std::int64_t chunks, const Work& work);

  /// Calls `work(begin, end)` for the ranges of `step` indices in [0, count), as `run` does.
  template <typename Ranges>
  void run_ranges(std::int64_t count, std::int64_t step, const Ranges& work) {
    run((count + step - 1) / step, [&](std::int64_t chunk, int) {
      const auto begin = chunk * step;
      work(begin, begin + step < count ? begin + step : count);
    });
  }

 private:
  bool take_chunk(int thread);
  void call(std::int64_t chunk, int thread);
  void help(int thread);

  const Work* work_ = nullptr;
  // Low half: number of chunks not yet taken; high half: number of the run, so that a late helper of an
  // earlier run takes no chunk.
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::int64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> helpers_;
};

}  // namespace svhn::interpret
