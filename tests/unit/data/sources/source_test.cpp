#include "data/sources/source.h"

#include <gtest/gtest.h>

namespace svhn::data {
namespace {

using Classes = std::vector<std::uint8_t>;
using Numbers = std::vector<std::int64_t>;

core::Error error_of(const Numbers& labels, LabelRule rule) {
  try {
    class_indices(labels, rule, "digits.mat");
  } catch (const core::Error& error) {
    return error;
  }
  return {core::ExitCode::ok, "no error"};
}

TEST(ClassIndices, FollowTheThreeConventions) {
  const Numbers zero_to_nine{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(class_indices(zero_to_nine, LabelRule::index, "f"), (Classes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(class_indices(zero_to_nine, LabelRule::digit, "f"), (Classes{9, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
  const Numbers one_to_ten{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(class_indices(one_to_ten, LabelRule::svhn, "f"), (Classes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(ClassIndices, NameTheRuleThatWouldFit) {
  const auto ten = error_of({1, 10, 3}, LabelRule::digit);
  EXPECT_EQ(ten.code(), core::ExitCode::data);
  EXPECT_STREQ(ten.what(),
               "'digits.mat': label 10 of row 1 is outside of 0 to 9, which the rule 'digit' knows");
  EXPECT_EQ(ten.hint(), "every label fits --labels svhn");
  EXPECT_EQ(error_of({5, 0, 9}, LabelRule::svhn).hint(), "every label fits --labels index or --labels digit");
}

TEST(ClassIndices, SayWhereNoRuleFits) {
  for (const Numbers& labels : {Numbers{0, 10}, Numbers{-1, 3}, Numbers{INT64_MAX}, Numbers{INT64_MIN, 1}}) {
    EXPECT_EQ(error_of(labels, LabelRule::svhn).hint(),
              "no label rule knows all of these labels; look at the label column");
  }
}

TEST(DefaultLabelRule, IsThatOfTheSource) {
  EXPECT_EQ(label_rule_name(default_label_rule(SourceFormat::pickle)), "index");
  EXPECT_EQ(label_rule_name(default_label_rule(SourceFormat::arff)), "index");
  EXPECT_EQ(label_rule_name(default_label_rule(SourceFormat::mat)), "svhn");
  EXPECT_EQ(label_rule_name(default_label_rule(SourceFormat::folder)), "digit");
}

}  // namespace
}  // namespace svhn::data
