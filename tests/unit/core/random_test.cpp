#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace svhn::core {
namespace {

// Expected words: the known-answer tests published with Random123 (kat_vectors, philox4x32-10).
TEST(Philox, MatchesThePublishedKnownAnswers) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kAll = 0xffffffff;
  EXPECT_EQ(philox4x32({kAll, kAll, kAll, kAll}, {kAll, kAll}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRandom, DependsOnSeedStreamAndIndexAlone) {
  const auto first = [](std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
    return CounterRandom(seed, stream, index).next_u64();
  };
  EXPECT_EQ(first(1, 2, 3), first(1, 2, 3));
  const std::set<std::uint64_t> different{first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4),
                                          first(2, 1, 3)};
  EXPECT_EQ(different.size(), 5U);
}

TEST(CounterRandom, HasTheMomentsOfItsDistributions) {
  CounterRandom random(7, stream_id("moments"));
  double sum = 0, normal_sum = 0, normal_squares = 0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    const double z = random.normal();
    normal_sum += z;
    normal_squares += z * z;
  }
  // Five standard errors: 5 * sqrt(1/12/n), 5 / sqrt(n), 5 * sqrt(2/n).
  EXPECT_NEAR(sum / kDraws, 0.5, 0.0033);
  EXPECT_NEAR(normal_sum / kDraws, 0.0, 0.0112);
  EXPECT_NEAR(normal_squares / kDraws, 1.0, 0.0159);
}

TEST(CounterRandom, BelowIsUniform) {
  CounterRandom random(3, 1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 470);  // five standard deviations
}

TEST(RandomPermutation, HoldsEveryNumberOnceAndChangesWithTheStream) {
  CounterRandom a(1, stream_id("shuffle"), 0);
  CounterRandom b(1, stream_id("shuffle"), 1);
  const auto one = random_permutation(1000, a);
  const auto two = random_permutation(1000, b);
  EXPECT_EQ(std::set<std::int64_t>(one.begin(), one.end()).size(), 1000U);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace svhn::core
