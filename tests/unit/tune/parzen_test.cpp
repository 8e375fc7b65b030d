#include "tune/parzen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace svhn::tune {
namespace {

struct ParzenCase {
  Axis::Kind kind;
  double low, high;
  std::vector<double> values;
  std::vector<double> places;
  std::vector<double> densities;
};

#include "unit/tune/parzen_golden.inc"

constexpr Axis kThree{Axis::Kind::categorical, -0.5, 2.5, 3};

TEST(Parzen, HasScipysDensities) {
  for (const ParzenCase& golden : kParzenCases) {
    const Axis axis{golden.kind, golden.low, golden.high, static_cast<std::size_t>(golden.high - golden.low)};
    const Parzen parzen(axis, golden.values);
    for (std::size_t i = 0; i < golden.places.size(); ++i) {
      EXPECT_NEAR(parzen.density(golden.places[i]), golden.densities[i], 1e-12 + 1e-10 * golden.densities[i])
          << golden.values.size() << " values, at " << golden.places[i];
    }
  }
}

TEST(Parzen, OfCategoriesMixesCountsWithAUniformPrior) {
  // No value: the prior alone.
  EXPECT_DOUBLE_EQ(Parzen(kThree, {}).density(1), 1.0 / 3);
  // Values 0, 0, 2: four kernels of weight 1/4. That of 0 is (1 + 1/4)/(1 + 3/4) = 5/7 for 0 and 1/7 for 1
  // and 2.
  const Parzen parzen(kThree, {0, 0, 2});
  EXPECT_DOUBLE_EQ(parzen.density(0), (2 * 5.0 / 7 + 1.0 / 7 + 1.0 / 3) / 4);
  EXPECT_DOUBLE_EQ(parzen.density(1), (3 * 1.0 / 7 + 1.0 / 3) / 4);
  EXPECT_DOUBLE_EQ(parzen.density(2), (2 * 1.0 / 7 + 5.0 / 7 + 1.0 / 3) / 4);
}

TEST(Parzen, SumsUpToOne) {
  const Parzen ordered({Axis::Kind::ordered, -0.5, 9.5, 10}, {0, 9, 4, 4});
  const Parzen categories({Axis::Kind::categorical, -0.5, 9.5, 10}, {0, 9, 4, 4});
  double first = 0.0, second = 0.0;
  for (int i = 0; i < 10; ++i) first += ordered.density(i);
  for (int i = 0; i < 10; ++i) second += categories.density(i);
  EXPECT_NEAR(first, 1.0, 1e-12);
  EXPECT_NEAR(second, 1.0, 1e-12);
}

/// @returns how often each of `bins` equal parts of the axis was drawn, as a share.
std::vector<double> drawn_shares(const Parzen& parzen, const Axis& axis, std::size_t bins) {
  constexpr int kDraws = 20'000;
  std::vector<double> shares(bins, 0.0);
  core::CounterRandom random(1, core::stream_id("draws"));
  for (int i = 0; i < kDraws; ++i) {
    const double x = parzen.draw(random);
    EXPECT_TRUE(x >= axis.low && x < axis.high) << x;
    shares[static_cast<std::size_t>((x - axis.low) / (axis.high - axis.low) * static_cast<double>(bins))] +=
        1.0 / kDraws;
  }
  return shares;
}

TEST(Parzen, DrawsByItsDensity) {
  const Axis continuous{Axis::Kind::continuous, -1.0, 3.0, 0};
  const Parzen parzen(continuous, {2.5, 2.4, -0.75});
  const auto shares = drawn_shares(parzen, continuous, 4);
  for (std::size_t bin = 0; bin < 4; ++bin) {
    double mass = 0.0;  // By the midpoint rule.
    for (int i = 0; i < 1000; ++i)
      mass += parzen.density(-1.0 + static_cast<double>(bin) + (i + 0.5) / 1000) / 1000;
    EXPECT_NEAR(shares[bin], mass, 0.015) << bin;
  }
  for (const auto kind : {Axis::Kind::ordered, Axis::Kind::categorical}) {
    const Axis five{kind, -0.5, 4.5, 5};
    const Parzen counted(five, {0, 3, 3, 3});
    const auto seen = drawn_shares(counted, five, 5);
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(seen[i], counted.density(static_cast<double>(i)), 0.015) << i;
  }
}

}  // namespace
}  // namespace svhn::tune
