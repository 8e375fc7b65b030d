#include "data/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace svhn::data {
namespace {

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
  std::atomic<int> calls{0};
  const auto work = [&calls](std::int64_t) {
    ++calls;
    throw std::runtime_error("broken");
  };
  EXPECT_THROW(parallel_for(1'000'000, 2, work), std::runtime_error);
  EXPECT_LE(calls.load(), 2);  // Each thread's first piece ends it.
}

}  // namespace
}  // namespace svhn::data
