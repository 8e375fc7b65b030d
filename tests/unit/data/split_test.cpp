#include "data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.h"

namespace svhn::data {
namespace {

using Labels = std::vector<std::uint8_t>;
using Rows = std::vector<std::int64_t>;

struct SmallCase {
  std::string labels;
  Stratify stratify;
  std::optional<double> train_size;
  double test_size;
  std::uint64_t seed;
  Rows train, test;
};

struct Fingerprint {
  std::size_t rows;
  std::uint64_t hash;
  std::int64_t first, last;
};

struct LargeCase {
  std::size_t rows;
  Stratify stratify;
  double test_fraction, val_fraction;
  std::uint64_t seed;
  std::array<Fingerprint, 3> splits;
};

#include "unit/data/split_golden.inc"

Labels labels_of(const std::string& text) {
  Labels labels;
  for (const char c : text) labels.push_back(static_cast<std::uint8_t>(c - '0'));
  return labels;
}

/// The formula of tests/parity/split_cases.py: ten unequal classes in a scattered order.
Labels pattern_labels(std::size_t n) {
  Labels labels(n);
  for (std::size_t i = 0; i < n; ++i) {
    labels[i] = static_cast<std::uint8_t>((i * 2654435761U % (1ULL << 32) >> 16) % 13 % 10);
  }
  return labels;
}

std::uint64_t fnv1a(const Rows& rows) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const auto row : rows) hash = (hash ^ static_cast<std::uint64_t>(row)) * 0x100000001B3ULL;
  return hash;
}

template <class Call>
core::Error error_of(Call call) {
  try {
    call();
  } catch (const core::Error& error) {
    return error;
  }
  return {core::ExitCode::ok, "no error"};
}

core::Error split_error(const std::string& labels, std::optional<double> train, double test,
                        std::uint64_t seed = 1) {
  return error_of([&] { stratified_split(labels_of(labels), train, test, seed, Stratify::onehot); });
}

TEST(StratifiedSplit, EqualsScikitLearnRowForRow) {
  for (const SmallCase& expected : kSmall) {
    SCOPED_TRACE(expected.labels);
    const auto split = stratified_split(labels_of(expected.labels), expected.train_size, expected.test_size,
                                        expected.seed, expected.stratify);
    EXPECT_EQ(split.train, expected.train);
    EXPECT_EQ(split.test, expected.test);
  }
}

TEST(SplitThree, EqualsTheNotebooksTwoSplits) {
  for (const LargeCase& expected : kLarge) {
    SCOPED_TRACE(std::to_string(expected.rows) + " " + std::string(stratify_name(expected.stratify)));
    const auto splits =
        split_three(pattern_labels(expected.rows),
                    {expected.test_fraction, expected.val_fraction, expected.seed, expected.stratify});
    for (std::size_t i = 0; i < splits.size(); ++i) {
      ASSERT_EQ(splits[i].size(), expected.splits[i].rows);
      EXPECT_EQ(splits[i].front(), expected.splits[i].first);
      EXPECT_EQ(splits[i].back(), expected.splits[i].last);
      EXPECT_EQ(fnv1a(splits[i]), expected.splits[i].hash);
    }
  }
}

TEST(SplitThree, GivesEveryRowToOneSplit) {
  // 0.3 * 90 and 0.7 * 90 round to 27 and 62: naming both sizes to scikit-learn would lose a row.
  const auto splits = split_three(pattern_labels(90), {.test_fraction = 0.3, .val_fraction = 0.33});
  Rows all;
  for (const auto& rows : splits) all.insert(all.end(), rows.begin(), rows.end());
  std::sort(all.begin(), all.end());
  Rows expected(90);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(StratifiedSplit, RefusesFractionsOutOfRange) {
  for (const double wrong : {0.0, 1.0, -0.2, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(split_error("0011", std::nullopt, wrong).code(), core::ExitCode::usage);
    EXPECT_EQ(split_error("0011", wrong, 0.5).code(), core::ExitCode::usage);
  }
  EXPECT_STREQ(split_error("0011", std::nullopt, 1.5).what(), "the test fraction 1.5 is not between 0 and 1");
  EXPECT_STREQ(split_error("0011", 0.8, 0.3).what(),
               "the training and test fractions add up to 1.1, more than 1");
  EXPECT_EQ(split_error("0011", 0.8, 0.3).hint(), "make one of them smaller");
}

TEST(StratifiedSplit, RefusesASeedThatNumpyDoesNotTake) {
  const auto error = split_error("0011", 0.5, 0.5, 4294967296U);
  EXPECT_EQ(error.code(), core::ExitCode::usage);
  EXPECT_STREQ(error.what(), "the split's seed 4294967296 is larger than 4294967295");
  EXPECT_STREQ(split_error("0011", 0.5, 0.5, 4294967295U).what(), "no error");
}

TEST(StratifiedSplit, NamesTheDigitThatHasOneImage) {
  const auto error = split_error("00002111", 0.5, 0.5);
  EXPECT_EQ(error.code(), core::ExitCode::data);
  EXPECT_STREQ(
      error.what(),
      "digit 3 (class index 2) has only 1 image to divide into training and test, at least 2 are needed");
  EXPECT_EQ(error.hint(), "add images of that digit, take more rows, or leave the digit out");
}

TEST(StratifiedSplit, RefusesPartsThatAreEmptyOrSmallerThanTheClasses) {
  EXPECT_STREQ(split_error("", 0.5, 0.5).what(), "splitting 0 rows leaves the training split empty");
  EXPECT_STREQ(split_error("0000", 0.2, 0.5).what(), "splitting 4 rows leaves the training split empty");
  EXPECT_STREQ(split_error("0011223344", std::nullopt, 0.2).what(),
               "the test split would have 2 rows, fewer than the 5 digits that occur");
  EXPECT_STREQ(split_error("0011223344", 0.2, 0.5).what(),
               "the training split would have 2 rows, fewer than the 5 digits that occur");
}

TEST(StratifiedSplit, RefusesSizesThatRoundToMoreThanAllRows) {
  // ceil(0.07 * 100) is 8 in floating point, floor(0.93 * 100) is 93; scikit-learn refuses it too.
  EXPECT_STREQ(split_error(std::string(100, '4'), 0.93, 0.07).what(),
               "rounding asks for 93 training and 8 test rows out of 100");
}

TEST(StratifiedSplit, RefusesLabelsThatAreNoClassIndex) {
  EXPECT_STREQ(split_error("00:", 0.5, 0.5).what(), "label 10 of row 2 is not a class index");
}

TEST(SplitThree, NamesTheSplitThatCannotBeMade) {
  const auto of = [](double val) {
    return error_of([&] { split_three(pattern_labels(100), {.test_fraction = 0.5, .val_fraction = val}); });
  };
  EXPECT_STREQ(of(2.0).what(), "the validation fraction 2 is not between 0 and 1");
  EXPECT_STREQ(of(0.1).what(), "the validation split would have 5 rows, fewer than the 10 digits that occur");
  EXPECT_EQ(of(0.1).code(), core::ExitCode::data);
}

TEST(SplitOfficial, KeepsStanfordsDivision) {
  const Labels labels = labels_of("0101010101010101");
  std::vector<Origin> origins(16, Origin::train);
  std::fill(origins.begin() + 4, origins.begin() + 8, Origin::test);
  std::fill(origins.begin() + 12, origins.end(), Origin::extra);
  const auto [train, val, test] = split_official(labels, origins, {.val_fraction = 0.25, .seed = 3});
  EXPECT_EQ(test, (Rows{4, 5, 6, 7}));
  // The other twelve rows are divided as they would be alone; row i >= 4 of them is row i + 4 here.
  const auto alone = stratified_split(labels_of("010101010101"), std::nullopt, 0.25, 3, Stratify::onehot);
  const auto shifted = [](Rows rows) {
    for (auto& row : rows) row += row >= 4 ? 4 : 0;
    return rows;
  };
  EXPECT_EQ(train, shifted(alone.train));
  EXPECT_EQ(val, shifted(alone.test));
}

TEST(SplitOfficial, RefusesAMissingPart) {
  const Labels labels = labels_of("0101");
  const auto error = [&](Origin origin) {
    return error_of([&] { split_official(labels, std::vector<Origin>(4, origin), {}); });
  };
  EXPECT_STREQ(error(Origin::train).what(), "the official split has no test rows");
  EXPECT_EQ(error(Origin::train).hint(), "give test_32x32.mat among the inputs, or use --split random");
  EXPECT_STREQ(error(Origin::test).what(), "the official split has no training rows");
  EXPECT_EQ(error(Origin::test).code(), core::ExitCode::data);
  EXPECT_EQ(error_of([&] { split_official(labels, {}, {}); }).code(), core::ExitCode::bug);
}

TEST(SplitGiven, KeepsTestAndValidationRows) {
  const Labels labels = labels_of("0101010101");
  std::vector<Origin> origins(10, Origin::train);
  origins[1] = origins[8] = Origin::test;
  origins[0] = origins[5] = Origin::val;
  origins[9] = Origin::extra;
  const auto [train, val, test] = split_given(labels, origins, {});
  EXPECT_EQ(train, (Rows{2, 3, 4, 6, 7, 9}));
  EXPECT_EQ(val, (Rows{0, 5}));
  EXPECT_EQ(test, (Rows{1, 8}));
}

TEST(SplitGiven, DrawsThePartsThatAreNotGiven) {
  const Labels labels = labels_of("01010101010101010101");
  const SplitOptions draw{.test_fraction = 0.2, .val_fraction = 0.25, .seed = 3};
  EXPECT_EQ(split_given(labels, std::vector<Origin>(20, Origin::train), draw), split_three(labels, draw));

  std::vector<Origin> origins(20, Origin::train);
  origins[18] = origins[19] = Origin::val;
  const auto [train, val, test] = split_given(labels, origins, draw);
  EXPECT_EQ(val, (Rows{18, 19}));
  // The first 18 rows are divided as they would be alone.
  const auto alone = stratified_split(std::span(labels).first(18), std::nullopt, 0.2, 3, Stratify::onehot);
  EXPECT_EQ(train, alone.train);
  EXPECT_EQ(test, alone.test);
}

TEST(OriginOfFile, ReadsStanfordsNames) {
  EXPECT_EQ(origin_of_file("train_32x32.mat"), Origin::train);
  EXPECT_EQ(origin_of_file("test_32x32.mat"), Origin::test);
  EXPECT_EQ(origin_of_file("extra_32x32.mat"), Origin::extra);
  EXPECT_EQ(origin_of_file("digits.mat"), std::nullopt);
}

TEST(OriginOfFile, ReadsWholeWords) {
  EXPECT_EQ(origin_of_file("latest_train.mat"), Origin::train);
  EXPECT_EQ(origin_of_file("latest_extra2.mat"), Origin::extra);
  EXPECT_EQ(origin_of_file("SVHN-Test.MAT"), Origin::test);
  EXPECT_EQ(origin_of_file("train"), Origin::train);
  for (const char* name :
       {"latest.mat", "training.mat", "testtrain.mat", "extras.mat", "train_and_test.mat", ""})
    EXPECT_EQ(origin_of_file(name), std::nullopt) << name;
}

}  // namespace
}  // namespace svhn::data
