#include "inference/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace svhn::inference {
namespace {

TEST(Loading, MakesBatchesAheadOrReadsThemWithThreads) {
  const auto ahead = loading(32, false);
  EXPECT_EQ(ahead.batch_size, 32);
  EXPECT_TRUE(ahead.prefetch);
  EXPECT_FALSE(ahead.spread);
  const auto between = loading(32, true);
  EXPECT_FALSE(between.prefetch);
  std::vector<std::atomic<int>> calls(100);
  between.spread(100, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++calls[static_cast<std::size_t>(i)];
  });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST(Loading, CarriesAFaultOfAnyThread) {
  const auto between = loading(32, true);
  const auto fail_at = [&](std::int64_t bad) {
    between.spread(100, [bad](std::int64_t begin, std::int64_t end) {
      if (begin <= bad && bad < end) throw std::runtime_error("damaged");
    });
  };
  EXPECT_THROW(fail_at(0), std::runtime_error);
  EXPECT_THROW(fail_at(99), std::runtime_error);
}

}  // namespace
}  // namespace svhn::inference
