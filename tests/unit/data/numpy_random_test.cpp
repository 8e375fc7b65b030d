#include "data/numpy_random.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace svhn::data {
namespace {

using Rows = std::vector<std::int64_t>;

// Expected values: numpy 1.24.2, np.random.RandomState(seed); the call stands above each.

TEST(NumpyRandom, PermutesAsNumpyDoes) {
  // RandomState(1).permutation(10), RandomState(2**32 - 1).permutation(12)
  EXPECT_EQ(NumpyRandom(1).permutation(10), (Rows{2, 9, 6, 4, 0, 3, 1, 7, 8, 5}));
  EXPECT_EQ(NumpyRandom(4294967295U).permutation(12), (Rows{11, 8, 5, 9, 1, 10, 6, 0, 4, 7, 2, 3}));
  // p = RandomState(1).permutation(100000); p[0], p[50000], p[-1]
  const Rows large = NumpyRandom(1).permutation(100000);
  EXPECT_EQ(large[0], 43660);
  EXPECT_EQ(large[50000], 66058);
  EXPECT_EQ(large.back(), 98539);
}

TEST(NumpyRandom, ContinuesItsStreamFromCallToCall) {
  // a = np.arange(5) * 10; r = RandomState(2); r.shuffle(a); r.permutation(7)
  NumpyRandom random(2);
  Rows items{0, 10, 20, 30, 40};
  random.shuffle(std::span(items));
  EXPECT_EQ(items, (Rows{20, 40, 10, 30, 0}));
  EXPECT_EQ(random.permutation(7), (Rows{4, 1, 0, 5, 2, 3, 6}));
}

TEST(NumpyRandom, ChoosesWithoutReplacementAsNumpyDoes) {
  // RandomState(5).choice(np.array([3, 1, 4, 1, 5, 9]), size=4, replace=False)
  EXPECT_EQ(NumpyRandom(5).choice(Rows{3, 1, 4, 1, 5, 9}, 4), (Rows{9, 4, 5, 1}));
}

TEST(NumpyRandom, DrawsIntervalsBeyond32Bits) {
  // RandomState(9).randint(0, 2**40 + 12345 + 1, size=3, dtype=np.int64)
  NumpyRandom random(9);
  for (const std::uint64_t expected : {543309627893ULL, 1079394964374ULL, 536928129601ULL}) {
    EXPECT_EQ(random.interval((1ULL << 40) + 12345), expected);
  }
}

TEST(NumpyRandom, TakesNothingFromTheStreamWhereThereIsNoChoice) {
  NumpyRandom random(1);
  EXPECT_EQ(random.interval(0), 0U);
  EXPECT_EQ(random.permutation(0), Rows{});
  EXPECT_EQ(random.permutation(1), Rows{0});
  EXPECT_EQ(random.permutation(10), NumpyRandom(1).permutation(10));
}

}  // namespace
}  // namespace svhn::data
