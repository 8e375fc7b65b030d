#pragma once
/// A few threads that stay for many short pieces of work. A step of t-SNE is some ten loops of a tenth of a
/// millisecond: threads started for each, or put to sleep in between, would cost more than they bring.

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace svhn::interpret {

/// The caller's thread and helpers. Helpers watch for work for some microseconds, then sleep.
class ThreadPool {
 public:
  /// @param threads in all, the caller's included; 0 takes as many as LibTorch is set to.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// @returns the threads in all.
  [[nodiscard]] int size() const { return static_cast<int>(helpers_.size()) + 1; }

  using Work = std::function<void(std::int64_t, int)>;
  /// Calls `work(piece, member)` once for every piece in [0, pieces), in no particular order; returns when
  /// all are done. No two calls with one member, 0 … size() - 1, run at the same time. To be called from one
  /// thread at a time, and not from within `work`.
  /// @throws the first exception of `work`, once all pieces are done.
  void run(std::int64_t pieces, const Work& work);

  /// The same for `work(begin, end)` on ranges, [0, count) in steps of `step`.
  template <typename Ranges>
  void run_ranges(std::int64_t count, std::int64_t step, const Ranges& work) {
    run((count + step - 1) / step, [&](std::int64_t piece, int) {
      const auto begin = piece * step;
      work(begin, begin + step < count ? begin + step : count);
    });
  }

 private:
  bool take_piece(int member);
  void call(std::int64_t piece, int member);
  void help(int member);

  const Work* work_ = nullptr;
  // Pieces that nobody has taken yet in the low half, the run's number in the high one: a helper that comes
  // late finds another number and takes nothing.
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::int64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> helpers_;
};

}  // namespace svhn::interpret
