#include "tune/folds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/error.h"

namespace svhn::tune {
namespace {

struct FoldCase {
  const char* labels;
  FoldOrder order;
  std::int64_t folds;
  std::uint64_t seed;
  std::vector<std::vector<std::int64_t>> val;
};

struct GroupCase {
  const char* labels;
  const char* groups;
  FoldOrder order;
  std::int64_t folds;
  std::vector<std::vector<std::int64_t>> val;
};

#include "unit/tune/folds_golden.inc"

/// Rows 3, 4, 5 … of the data file, so that rows and their positions differ.
constexpr std::int64_t kFirstRow = 3;

struct Rows {
  explicit Rows(const std::string& text) : labels(kFirstRow, 0) {
    for (const char c : text) {
      rows.push_back(static_cast<std::int64_t>(labels.size()));
      labels.push_back(static_cast<std::uint8_t>(c - '0'));
    }
  }
  std::vector<std::uint8_t> labels;
  std::vector<std::int64_t> rows;
};

TEST(MakeFolds, AreScikitLearns) {
  for (const FoldCase& golden : kCases) {
    const Rows data(golden.labels);
    const auto folds = make_folds(data.rows, data.labels, {}, {golden.folds, golden.order, golden.seed});
    ASSERT_EQ(folds.size(), golden.val.size());
    for (std::size_t i = 0; i < folds.size(); ++i) {
      std::vector<std::int64_t> expected;
      for (const auto place : golden.val[i]) expected.push_back(place + kFirstRow);
      EXPECT_EQ(folds[i].val, expected) << golden.labels << ", fold " << i;
      // scikit-learn's training part is everything else, in order.
      std::vector<std::int64_t> others;
      std::set_difference(data.rows.begin(), data.rows.end(), expected.begin(), expected.end(),
                          std::back_inserter(others));
      EXPECT_EQ(folds[i].train, others) << golden.labels << ", fold " << i;
    }
  }
}

/// Groups of the rows of the data file.
std::vector<std::int64_t> groups_of(const std::string& text) {
  std::vector<std::int64_t> groups(kFirstRow, 0);
  for (const char c : text) groups.push_back(c);
  return groups;
}

TEST(MakeFolds, OfGroupsAreScikitLearns) {
  for (const GroupCase& golden : kGroupCases) {
    const Rows data(golden.labels);
    const auto folds =
        make_folds(data.rows, data.labels, groups_of(golden.groups), {golden.folds, golden.order, 0});
    ASSERT_EQ(folds.size(), golden.val.size());
    for (std::size_t i = 0; i < folds.size(); ++i) {
      std::vector<std::int64_t> expected;
      for (const auto place : golden.val[i]) expected.push_back(place + kFirstRow);
      EXPECT_EQ(folds[i].val, expected) << golden.groups << ", fold " << i;
    }
  }
}

TEST(MakeFolds, ShuffledDivideNoGroupAndDependOnTheSeed) {
  const Rows data(std::string(60, '1'));
  std::vector<std::int64_t> groups;
  for (std::size_t row = 0; row < data.labels.size(); ++row)
    groups.push_back(static_cast<std::int64_t>(row * 7 % 25));
  const auto val = [&](std::uint64_t seed) {
    std::vector<std::vector<std::int64_t>> rows;
    for (const auto& fold : make_folds(data.rows, data.labels, groups, {4, FoldOrder::shuffled, seed})) {
      rows.push_back(fold.val);
      for (const auto other : fold.train) {
        for (const auto row : fold.val) {
          EXPECT_NE(groups[static_cast<std::size_t>(row)], groups[static_cast<std::size_t>(other)]);
        }
      }
    }
    return rows;
  };
  EXPECT_EQ(val(1), val(1));
  EXPECT_NE(val(1), val(2));
}

TEST(MakeFolds, RefuseMoreFoldsThanGroups) {
  const Rows data("000111");
  const auto groups = groups_of("001122");
  EXPECT_NO_THROW(make_folds(data.rows, data.labels, groups, {3, FoldOrder::plain, 0}));
  EXPECT_THROW(make_folds(data.rows, data.labels, groups, {4, FoldOrder::plain, 0}), core::Error);
}

TEST(MakeFolds, KeepTheOrderOfShuffledRows) {
  const std::vector<std::uint8_t> labels(6, 0);
  const std::vector<std::int64_t> rows{5, 0, 4, 1};
  const auto folds = make_folds(rows, labels, {}, {2, FoldOrder::plain, 0});
  EXPECT_EQ(folds[0].val, (std::vector<std::int64_t>{5, 0}));
  EXPECT_EQ(folds[0].train, (std::vector<std::int64_t>{4, 1}));
  EXPECT_EQ(folds[1].val, (std::vector<std::int64_t>{4, 1}));
}

TEST(MakeFolds, RefuseMoreThanThereIsToDivide) {
  const Rows data("0011");
  EXPECT_THROW(make_folds(data.rows, data.labels, {}, {5, FoldOrder::plain, 0}), core::Error);
  EXPECT_THROW(make_folds(data.rows, data.labels, {}, {3, FoldOrder::stratified, 0}), core::Error);
  EXPECT_THROW(make_folds(data.rows, data.labels, {}, {1, FoldOrder::plain, 0}), core::Error);
  EXPECT_NO_THROW(make_folds(data.rows, data.labels, {}, {4, FoldOrder::plain, 0}));
}

}  // namespace
}  // namespace svhn::tune
