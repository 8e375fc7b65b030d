#include "data/shared_rows.h"

#include <gtest/gtest.h>

#include "data/prepared.h"

namespace svhn::data {
namespace {

/// Images of one byte value each.
std::vector<std::uint8_t> plain(const std::vector<std::uint8_t>& values) {
  std::vector<std::uint8_t> images;
  for (const std::uint8_t value : values) images.insert(images.end(), kImageBytes, value);
  return images;
}

TEST(CountSharedRows, CountsImagesThatAnotherSplitHasToo) {
  //                            train          val     test
  const auto images = plain({1, 2, 3, 2, /**/ 4, 2, /**/ 2, 4, 5});
  const SharedRows shared = count_shared_rows(images, {{{0, 1, 2, 3}, {4, 5}, {6, 7, 8}}});
  EXPECT_EQ(shared.test_in_train, 1);  // 2
  EXPECT_EQ(shared.val_in_train, 1);   // 2
  EXPECT_EQ(shared.test_in_val, 2);    // 2 and 4
}

TEST(CountSharedRows, ComparesEveryPixel) {
  auto images = plain({1, 1, 1});
  images[3071] = 7;
  images[3072] = 7;
  const SharedRows shared = count_shared_rows(images, {{{0}, {1}, {2}}});
  EXPECT_EQ(shared.test_in_train + shared.val_in_train + shared.test_in_val, 0);
}

}  // namespace
}  // namespace svhn::data
