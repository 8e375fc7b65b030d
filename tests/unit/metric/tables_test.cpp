#include "metric/tables.h"

#include <gtest/gtest.h>

namespace svhn::metric {
namespace {

TEST(FormatConfusionMatrix, LabelsRowsAndColumnsWithDigits) {
  ConfusionCounts counts{};
  counts[0][0] = 1234;
  counts[9][1] = 7;
  const std::string text = format_confusion_matrix(counts);
  EXPECT_EQ(text,
            "                                               predicted\n"
            "true      1    2    3    4    5    6    7    8    9    0\n"
            "   1   1234    0    0    0    0    0    0    0    0    0\n"
            "   2      0    0    0    0    0    0    0    0    0    0\n"
            "   3      0    0    0    0    0    0    0    0    0    0\n"
            "   4      0    0    0    0    0    0    0    0    0    0\n"
            "   5      0    0    0    0    0    0    0    0    0    0\n"
            "   6      0    0    0    0    0    0    0    0    0    0\n"
            "   7      0    0    0    0    0    0    0    0    0    0\n"
            "   8      0    0    0    0    0    0    0    0    0    0\n"
            "   9      0    0    0    0    0    0    0    0    0    0\n"
            "   0      0    7    0    0    0    0    0    0    0    0\n");
}

TEST(FormatPerClass, EndsInTheMeanOfTheDigits) {
  std::array<ClassScore, kClasses> scores{};
  for (int i = 0; i < kClasses; ++i) scores[class_slot(i)] = {i, 0.5, 0.25, 1.0 / 3.0, 100};
  scores[9].precision = 1.0;
  const std::string text = format_per_class(scores);
  EXPECT_EQ(text.substr(0, text.find("\n    2")),
            "digit  precision     recall         f1  support\n"
            "    1     0.5000     0.2500     0.3333      100");
  EXPECT_EQ(text.substr(text.find("    0 ")),
            "    0     1.0000     0.2500     0.3333      100\n"
            " mean     0.5500     0.2500     0.3333     1000\n");
}

TEST(AlignedTable, CountsCharactersAndLeavesNoSpacesAtTheEnd) {
  EXPECT_EQ(
      aligned_table({{"name", "n", "of"}, {"\u00e9", "1,024", ""}, {"abc", "7", "x"}}, {false, true, false}),
      "name      n  of\n"
      "\u00e9     1,024\n"
      "abc       7  x\n");
}

TEST(CurveTable, GivesTheRangeOfTheFourCurves) {
  const History history{{2.5, 0.5, 0.5}, {0.1, 0.9, 0.8}, {3, 1, 2}, {0.2, 0.6, 0.6},
                        {1, 1, 1},       {9, 9, 9},       {5, 5, 5}};
  const CurveTable table = curve_table(history);
  ASSERT_EQ(table.size(), 4U);
  EXPECT_EQ(table[0].name, "loss");
  EXPECT_EQ(table[0].min, 0.5);
  EXPECT_EQ(table[0].min_epoch, 2U);
  EXPECT_EQ(table[0].max, 2.5);
  EXPECT_EQ(table[0].max_epoch, 1U);
  EXPECT_EQ(table[3].name, "val_accuracy");
  EXPECT_EQ(table[3].max, 0.6);
  EXPECT_EQ(table[3].max_epoch, 2U);
  EXPECT_EQ(format_min_max(history),
            "curve                min  epoch         max  epoch\n"
            "loss            0.500000      2    2.500000      1\n"
            "accuracy        0.100000      1    0.900000      2\n"
            "val_loss        1.000000      2    3.000000      1\n"
            "val_accuracy    0.200000      1    0.600000      2\n");
}

TEST(CurveTable, IsEmptyBeforeTheFirstEpoch) {
  EXPECT_TRUE(curve_table(History{}).empty());
}

}  // namespace
}  // namespace svhn::metric
