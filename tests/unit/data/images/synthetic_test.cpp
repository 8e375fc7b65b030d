#include "data/images/synthetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "data/prepared.h"

namespace svhn::data {
namespace {

double brightness(const RawDigits& digits, std::int64_t row, int y0, int y1, int x0, int x1) {
  double sum = 0.0;
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x)
      sum += digits.images[static_cast<std::size_t>(row * kImageBytes + (y * 32 + x) * 3 + 1)];
  }
  return sum / ((y1 - y0) * (x1 - x0));
}

TEST(MakeSynthetic, DoesNotDependOnThreads) {
  const RawDigits one = make_synthetic(300, 7, 1);
  const RawDigits many = make_synthetic(300, 7, 5);
  EXPECT_EQ(one.images, many.images);
  EXPECT_EQ(one.labels, many.labels);
}

TEST(MakeSynthetic, ShorterSetIsTheBeginningOfTheLongerOne) {
  const RawDigits part = make_synthetic(20, 7);
  const RawDigits whole = make_synthetic(50, 7);
  EXPECT_TRUE(std::equal(part.images.begin(), part.images.end(), whole.images.begin()));
  EXPECT_TRUE(std::equal(part.labels.begin(), part.labels.end(), whole.labels.begin()));
}

TEST(MakeSynthetic, SeedsGiveOtherPictures) {
  EXPECT_NE(make_synthetic(20, 1).images, make_synthetic(20, 2).images);
}

TEST(MakeSynthetic, ClassesAreBalanced) {
  const RawDigits digits = make_synthetic(5000, 3);
  std::array<int, 10> counts{};
  for (const std::int64_t label : digits.labels) ++counts.at(static_cast<std::size_t>(label));
  // 500 expected, deviation sqrt(5000 * .1 * .9) = 21.2; five of them.
  for (const int count : counts) EXPECT_NEAR(count, 500, 106);
}

TEST(MakeSynthetic, ContrastGoesBothWays) {
  // A 1 is a stroke through the middle column; where it is much brighter or darker than the places left and
  // right of it tells the direction.
  const RawDigits digits = make_synthetic(2000, 5);
  int lighter = 0;
  int darker = 0;
  for (std::int64_t row = 0; row < 2000; ++row) {
    if (digit_of_class(static_cast<int>(digits.labels[static_cast<std::size_t>(row)])) != 1) continue;
    const double difference =
        brightness(digits, row, 12, 20, 14, 18) -
        (brightness(digits, row, 12, 20, 6, 9) + brightness(digits, row, 12, 20, 23, 26)) / 2;
    lighter += difference > 20.0;
    darker += difference < -20.0;
  }
  EXPECT_GT(lighter, 20);
  EXPECT_GT(darker, 20);
}

TEST(MakeSynthetic, RefusesCountsOutOfRange) {
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 60}) {
    try {
      make_synthetic(n, 1);
      FAIL() << n;
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::usage);
      EXPECT_EQ(std::string(error.what()), "cannot draw " + std::to_string(n) + " synthetic digits");
      EXPECT_EQ(error.hint(), "ask for 1 to 10000000");
    }
  }
}

}  // namespace
}  // namespace svhn::data
