#include "interpret/tsne/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace svhn::interpret {
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
  EXPECT_EQ(calls, 8);
  EXPECT_NO_THROW(pool.run(3, work));
  EXPECT_EQ(calls, 11);
}

}  // namespace
}  // namespace svhn::interpret
