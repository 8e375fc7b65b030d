#pragma once
/// Loops over several threads. The pool also serves many short loops: a step of t-SNE has about ten of 0.1 ms
/// each, and to start threads for each, or to let them sleep in between, would cost more time than they save.

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace svhn::core {

/// The caller's thread and helper threads. Idle helpers spin for some microseconds, then sleep.
class ThreadPool {
 public:
  /// @param threads number of threads including the caller's, at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// @returns the number of threads including the caller's.
  [[nodiscard]] int size() const { return static_cast<int>(helpers_.size()) + 1; }

  using Work = std::function<void(std::int64_t, int)>;
  /// Calls `work(chunk, thread)` once for every chunk in [0, chunks), in any order, and returns when all
  /// calls have ended. `thread` is in [0, size()); no two calls with the same thread run concurrently. Must
  /// be called from one thread at a time, and not from `work`.
  /// @throws the first exception of `work`, after the calls that had begun; no further calls start.
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
  std::int64_t chunks_ = 0;
  // Low half: number of chunks not yet taken; high half: number of the run, so that a late helper of an
  // earlier run takes no chunk.
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::int64_t> left_{0};  // Number of chunks that have not ended.
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> helpers_;
};

/// Calls `work(i)` once for every i in [0, count), from several threads of its own, in no particular order;
/// returns when all calls are done. After the first exception (by time) no further calls start, and it is
/// rethrown here.
/// @param work must write only to memory that belongs to its i.
/// @param threads number of threads; 0: one per processor.
void parallel_for(std::int64_t count, unsigned threads, const std::function<void(std::int64_t)>& work);

}  // namespace svhn::core
