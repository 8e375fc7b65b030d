#include "data/sources/folder_name.h"

#include <gtest/gtest.h>

#include <string>

namespace svhn::data {
namespace {

TEST(DigitOfFolder, ReadsNumbersAndWordsAloneAndBesideFillers) {
  for (const char* name : {"5", "05", "005", "five", "Five", "FIVE", "digit_5", "digit-5", "digit 5",
                           "Digit5", "class5", "class_05", "label.5", "num-five", "5_five"}) {
    EXPECT_EQ(digit_of_folder(name), 5) << name;
  }
  EXPECT_EQ(digit_of_folder("0"), 0);
  EXPECT_EQ(digit_of_folder("00"), 0);
  EXPECT_EQ(digit_of_folder("zero"), 0);
  EXPECT_EQ(digit_of_folder("10"), 10);
  EXPECT_EQ(digit_of_folder("digit_10"), 10);
  EXPECT_EQ(digit_of_folder("ten"), 10);
}

TEST(DigitOfFolder, ReadsNothingElse) {
  for (const char* name : {"", "digit", "_", "11", "100", "00005", "5_6", "five6", "fives", "5s", "train5",
                           "-", "sample005", "5a", "1e0", "misc", "f\xC3\xBCnf"}) {
    EXPECT_EQ(digit_of_folder(name), std::nullopt) << name;
  }
  EXPECT_EQ(digit_of_folder(std::string(65, '_') + "5"), std::nullopt);
}

TEST(OriginOfFolder, KnowsTheUsualNamesOfSplits) {
  for (const char* name : {"train", "Train", "training"}) EXPECT_EQ(origin_of_folder(name), Origin::train);
  for (const char* name : {"val", "valid", "VALIDATION"}) EXPECT_EQ(origin_of_folder(name), Origin::val);
  for (const char* name : {"test", "testing"}) EXPECT_EQ(origin_of_folder(name), Origin::test);
  EXPECT_EQ(origin_of_folder("extra"), Origin::extra);
  for (const char* name : {"", "latest", "train_1", "tests", "5"}) {
    EXPECT_EQ(origin_of_folder(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace svhn::data
