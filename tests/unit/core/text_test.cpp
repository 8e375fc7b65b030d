#include "core/text.h"

#include <gtest/gtest.h>

#include <vector>

namespace svhn::core {
namespace {

TEST(WithThousands, GroupsByThree) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(14748426), "14,748,426");
  EXPECT_EQ(with_thousands(-123456), "-123,456");
}

TEST(ShapeText, ListsTheAxes) {
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{}), "[]");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{32, 32, 3}), "[32,32,3]");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{-1, 10}), "[any,10]");
}

}  // namespace
}  // namespace svhn::core
