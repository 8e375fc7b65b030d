#include "data/group_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "data/photos.h"

namespace svhn::data {
namespace {

using Rows = std::vector<std::int64_t>;

struct Photos {
  std::vector<std::uint8_t> labels;
  Rows groups;
};

/// Photos of 1 to 5 digits, half of whose digits are 1 or 2, in no order of their rows.
Photos make_photos(std::int64_t count, std::uint64_t seed) {
  Photos photos;
  core::CounterRandom random(seed, core::stream_id("photos"));
  for (std::int64_t photo = 0; photo < count; ++photo) {
    const std::uint64_t digits = 1 + random.below(5);
    for (std::uint64_t i = 0; i < digits; ++i) {
      photos.labels.push_back(
          static_cast<std::uint8_t>(random.below(2) == 0 ? random.below(2) : random.below(10)));
      photos.groups.push_back(photo);
    }
  }
  const auto order = core::random_permutation(static_cast<std::int64_t>(photos.labels.size()), random);
  Photos mixed;
  for (const auto row : order) {
    mixed.labels.push_back(photos.labels[static_cast<std::size_t>(row)]);
    mixed.groups.push_back(photos.groups[static_cast<std::size_t>(row)]);
  }
  return mixed;
}

/// @returns the rows of each class.
std::array<double, kClasses> class_rows(const Photos& photos, const Rows& rows) {
  std::array<double, kClasses> counts{};
  for (const auto row : rows) ++counts.at(photos.labels[static_cast<std::size_t>(row)]);
  return counts;
}

Rows all_rows(const Photos& photos) {
  Rows rows(photos.labels.size());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

void expect_partition(const Photos& photos, const SplitIndices& splits) {
  Rows rows;
  for (const auto& split : splits) rows.insert(rows.end(), split.begin(), split.end());
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, all_rows(photos));
  EXPECT_EQ(count_divided(photos.groups, splits), 0);
}

TEST(GroupedSplit, DividesNoGroupAndGivesEveryClassItsFraction) {
  for (const std::uint64_t seed : {0U, 1U, 2U}) {
    const Photos photos = make_photos(800, seed);
    for (const double fraction : {0.1, 0.2, 0.5, 0.75}) {
      const auto split = grouped_split(photos.labels, photos.groups, fraction, seed, "test");
      expect_partition(photos, {split.train, {}, split.test});
      const auto all = class_rows(photos, all_rows(photos));
      const auto test = class_rows(photos, split.test);
      for (std::size_t c = 0; c < all.size(); ++c) EXPECT_NEAR(test.at(c), fraction * all.at(c), 1.5) << c;
    }
  }
}

TEST(GroupedSplit, DependsOnSeedAndPurposeAlone) {
  const Photos photos = make_photos(100, 3);
  const auto rows = [&](std::uint64_t seed, const char* purpose) {
    return grouped_split(photos.labels, photos.groups, 0.2, seed, purpose).test;
  };
  EXPECT_EQ(rows(1, "test"), rows(1, "test"));
  EXPECT_NE(rows(1, "test"), rows(2, "test"));
  EXPECT_NE(rows(1, "test"), rows(1, "validation"));
}

TEST(GroupedSplit, IsTheSameWhateverTheGroupsAreCalled) {
  const Photos photos = make_photos(100, 3);
  Rows renamed;
  for (const auto group : photos.groups) renamed.push_back(1'000'000 - 7 * group);
  EXPECT_EQ(grouped_split(photos.labels, photos.groups, 0.2, 1, "test").test,
            grouped_split(photos.labels, renamed, 0.2, 1, "test").test);
}

TEST(GroupedSplit, ShufflesTheRowsOfBothParts) {
  const Photos photos = make_photos(100, 3);
  const auto split = grouped_split(photos.labels, photos.groups, 0.2, 1, "test");
  EXPECT_FALSE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_FALSE(std::is_sorted(split.test.begin(), split.test.end()));
}

TEST(GroupedSplit, PutsAGroupLargerThanAPartOnTheOtherSide) {
  // 60 of 100 rows are of one photo, 20 of them are wanted: the other photos give them.
  Photos photos;
  for (int row = 0; row < 100; ++row) {
    photos.labels.push_back(static_cast<std::uint8_t>(row % 10));
    photos.groups.push_back(row < 60 ? 0 : row);
  }
  const auto split = grouped_split(photos.labels, photos.groups, 0.2, 1, "test");
  const auto test = class_rows(photos, split.test);
  EXPECT_TRUE(std::all_of(test.begin(), test.end(), [](double rows) { return rows == 2.0; }));
  EXPECT_EQ(count_divided(photos.groups, {split.train, {}, split.test}), 0);
}

TEST(GroupedSplit, LeavesNoPartEmpty) {
  const std::vector<std::uint8_t> labels{0, 0, 0, 1, 1};
  const Rows groups{4, 4, 4, 6, 6};
  for (const double fraction : {0.01, 0.99}) {
    const auto split = grouped_split(labels, groups, fraction, 1, "test");
    EXPECT_FALSE(split.train.empty());
    EXPECT_FALSE(split.test.empty());
  }
  EXPECT_EQ(grouped_split(labels, groups, 0.01, 1, "test").test.size(), 2U) << "the smaller group";
}

TEST(GroupedSplit, RefusesASingleGroup) {
  const std::vector<std::uint8_t> labels{0, 1, 2};
  try {
    grouped_split(labels, Rows{5, 5, 5}, 0.2, 1, "validation");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_STREQ(error.what(), "3 images to divide into training and validation are all of one photo");
  }
}

TEST(SplitThree, DividesNoGroup) {
  const Photos photos = make_photos(1000, 5);
  const auto splits = split_three(photos.labels, {.test_fraction = 0.25, .val_fraction = 0.1}, photos.groups);
  expect_partition(photos, splits);
  const auto all = class_rows(photos, all_rows(photos));
  const auto val = class_rows(photos, splits[1]);
  const auto test = class_rows(photos, splits[2]);
  for (std::size_t c = 0; c < all.size(); ++c) {
    EXPECT_NEAR(test.at(c), 0.25 * all.at(c), 1.5) << c;
    EXPECT_NEAR(val.at(c), 0.1 * 0.75 * all.at(c), 1.5) << c;
  }
}

TEST(SplitOfficial, KeepsTheTestRowsAndDividesTheOthersByGroup) {
  const Photos photos = make_photos(300, 6);
  std::vector<Origin> origins;
  Rows test;
  for (std::size_t row = 0; row < photos.labels.size(); ++row) {
    const bool is_test = photos.groups[row] % 3 == 0;
    origins.push_back(is_test ? Origin::test : Origin::train);
    if (is_test) test.push_back(static_cast<std::int64_t>(row));
  }
  const auto splits = split_official(photos.labels, origins, {}, photos.groups);
  EXPECT_EQ(splits[2], test);
  expect_partition(photos, splits);
}

TEST(SplitThree, ChecksTheNumberOfGroups) {
  const std::vector<std::uint8_t> labels{0, 1, 2};
  EXPECT_THROW(split_three(labels, {}, Rows{0, 1}), core::Error);
}

}  // namespace
}  // namespace svhn::data
