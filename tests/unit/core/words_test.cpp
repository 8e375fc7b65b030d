#include "core/words.h"

#include <gtest/gtest.h>

#include <limits>

namespace svhn::core {
namespace {

TEST(Counted, HasThePlural) {
  EXPECT_EQ(counted(1, "epoch"), "1 epoch");
  EXPECT_EQ(counted(0, "epoch"), "0 epochs");
  EXPECT_EQ(counted(12'345, "image"), "12,345 images");
}

TEST(DurationText, ChoosesTheUnit) {
  EXPECT_EQ(duration_text(0.04), "0.0 s");
  EXPECT_EQ(duration_text(9.94), "9.9 s");
  EXPECT_EQ(duration_text(9.96), "10 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1 min");
  EXPECT_EQ(duration_text(2100.0), "35 min");
  EXPECT_EQ(duration_text(5399.0), "90 min");
  EXPECT_EQ(duration_text(5400.0), "1.5 h");
  EXPECT_EQ(duration_text(360'000.0), "100.0 h");
}

TEST(DurationText, TakesWhatIsNoTime) {
  EXPECT_EQ(duration_text(-1.0), "0.0 s");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::quiet_NaN()), "0.0 s");
}

}  // namespace
}  // namespace svhn::core
