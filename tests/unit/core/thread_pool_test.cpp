#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace svhn::core {
namespace {

TEST(ThreadPool, CallsForEveryPieceOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int run = 0; run < 200; ++run) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(run));
      pool.run(run, [&](std::int64_t piece, int) { ++calls[static_cast<std::size_t>(piece)]; });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, GivesNoMemberTwoPiecesAtATime) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> busy(3);
  pool.run(2000, [&](std::int64_t, int member) {
    auto& own = busy[static_cast<std::size_t>(member)];
    EXPECT_EQ(++own, 1);
    --own;
  });
}

TEST(ThreadPool, CutsRangesThatEndWithTheCount) {
  ThreadPool pool(2);
  std::atomic<std::int64_t> sum = 0;
  pool.run_ranges(10, 4, [&](std::int64_t begin, std::int64_t end) {
    EXPECT_EQ(begin % 4, 0);
    EXPECT_LE(end - begin, 4);
    for (auto i = begin; i < end; ++i) sum += i;
  });
  EXPECT_EQ(sum, 45);
}

TEST(ThreadPool, RethrowsAndWorksOn) {
  ThreadPool pool(2);
  std::atomic<int> calls = 0;
  const auto work = [&](std::int64_t piece, int) {
    ++calls;
    if (piece == 3) throw std::runtime_error("third");
  };
  EXPECT_THROW(pool.run(8, work), std::runtime_error);
  EXPECT_LE(calls, 8);
  calls = 0;
  EXPECT_NO_THROW(pool.run(3, work));
  EXPECT_EQ(calls, 3);
}

TEST(ThreadPool, WaitsForTheOthersLongLastPiece) {
  ThreadPool pool(2);
  std::atomic<int> ended = 0;
  pool.run(2, [&](std::int64_t, int) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    ++ended;
  });
  EXPECT_EQ(ended, 2);
}

TEST(ParallelFor, CallsEveryIndexOnceWhateverTheThreads) {
  for (const unsigned threads : {0U, 1U, 3U, 64U}) {
    std::vector<int> calls(1000, 0);
    parallel_for(1000, threads, [&calls](std::int64_t i) { ++calls[static_cast<std::size_t>(i)]; });
    EXPECT_EQ(calls, std::vector<int>(1000, 1)) << threads;
  }
}

TEST(ParallelFor, DoesNothingForNothing) {
  parallel_for(0, 4, [](std::int64_t) { FAIL(); });
}

TEST(ParallelFor, RethrowsAndStopsHandingOutWork) {
  for (const unsigned threads : {1U, 2U}) {
    std::atomic<int> calls{0};
    const auto work = [&calls](std::int64_t) {
      ++calls;
      throw std::runtime_error("broken");
    };
    EXPECT_THROW(parallel_for(1'000'000, threads, work), std::runtime_error);
    EXPECT_LE(calls.load(), 2);  // Each thread's first piece ends it.
  }
}

}  // namespace
}  // namespace svhn::core
