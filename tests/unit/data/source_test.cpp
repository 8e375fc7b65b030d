#include "data/source.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using namespace std::string_literals;
using test::TemporaryFolder;
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

TEST(Sources, HaveTheirOwnLabelRules) {
  std::string rows;
  for (const Source& source : sources()) {
    rows += std::string(source.name) + " " + label_rule_name(source.labels) + "\n";
    EXPECT_EQ(find_source(source.name), &source);
  }
  EXPECT_EQ(rows, "pickle index\nmat svhn\narff index\nfolder digit\n");
  EXPECT_EQ(find_source("auto"), nullptr);
}

TEST(LabelRules, AreFoundByName) {
  for (const LabelRule rule : kLabelRules) EXPECT_EQ(find_label_rule(label_rule_name(rule)), rule);
  EXPECT_EQ(find_label_rule("svhn"), LabelRule::svhn);
  EXPECT_EQ(find_label_rule("auto"), std::nullopt);
}

std::string detect(const std::string& bytes) {
  const TemporaryFolder folder;
  return std::string(detect_source(folder.write("data.bin", bytes)).name);
}

/// @returns "message | hint" with the path written as FILE.
std::string detect_refusal(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto path = folder.write("data.bin", bytes);
  try {
    detect_source(path);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    return "'FILE" + std::string(error.what()).substr(1 + path.string().size()) + " | " + error.hint();
  }
  return "no error";
}

TEST(DetectSource, TellsByContentAndNotByName) {
  EXPECT_EQ(detect("\x80\x02}q."), "pickle");
  EXPECT_EQ(detect("\x80\x05\x95"), "pickle");
  EXPECT_EQ(detect("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "mat");
  EXPECT_EQ(detect("@RELATION SVHN\n"), "arff");
  EXPECT_EQ(detect("\xEF\xBB\xBF% a comment\r\n\r\n  % another\n\t@Relation x\n"), "arff");
  const TemporaryFolder folder;
  EXPECT_EQ(detect_source(folder.path()).name, "folder");
}

TEST(DetectSource, RefusesOtherContentWithAHintOfItsOwn) {
  EXPECT_EQ(detect_refusal(""), "'FILE' is empty | fetch the file again");
  EXPECT_EQ(detect_refusal("hello"),
            "'FILE' is none of the known forms of digits | known are pickles of protocol 2 to 5, MATLAB 5 "
            "files, ARFF "
            "text and folders of pictures");
  EXPECT_EQ(
      detect_refusal("\x02\0\0\0\0\0\0\0{}"s),
      "'FILE' is a safetensors file, which needs no preparing | give a prepared file straight to 'svhn train "
      "--data'");
  EXPECT_EQ(detect_refusal("\x1F\x8B\x08"), "'FILE' is compressed with gzip | decompress it first");
  EXPECT_EQ(detect_refusal("MATLAB 7.3 MAT-file"),
            "'FILE' is a MATLAB 7.3 file | save it in MATLAB with save(file, 'X', 'y', '-v7')");
  EXPECT_EQ(
      detect_refusal("\x89PNG\r\n"),
      "'FILE' is a single picture | put pictures into folders named 0 to 9 and name the folder above them; "
      "'svhn predict' reads single ones");
  EXPECT_EQ(
      detect_refusal("{}"),
      "'FILE' is JSON text | known are pickles of protocol 2 to 5, MATLAB 5 files, ARFF text and folders "
      "of pictures");
  EXPECT_EQ(detect_refusal("\x80\x06"s), detect_refusal("hello"));  // A protocol that does not exist yet.
  EXPECT_EQ(detect_refusal("% only comments\n"), detect_refusal("hello"));
}

std::vector<std::int64_t> labels_as_frequent_as(const std::vector<int>& counts) {
  std::vector<std::int64_t> labels;
  for (std::size_t label = 0; label < counts.size(); ++label)
    labels.insert(labels.end(), static_cast<std::size_t>(counts[label]), static_cast<std::int64_t>(label));
  return labels;
}

TEST(LikelierRule, ComparesFrequenciesWithThoseOfSvhn) {
  // Of 1000 digits 0 to 9, as they are in SVHN (rounded).
  const std::vector<int> digits{67, 191, 148, 115, 101, 93, 78, 77, 67, 63};
  std::vector<int> indices(digits.begin() + 1, digits.end());
  indices.push_back(digits[0]);
  EXPECT_EQ(likelier_rule(labels_as_frequent_as(digits), LabelRule::index), LabelRule::digit);
  EXPECT_EQ(likelier_rule(labels_as_frequent_as(indices), LabelRule::digit), LabelRule::index);
  EXPECT_EQ(likelier_rule(labels_as_frequent_as(digits), LabelRule::digit), std::nullopt);
  EXPECT_EQ(likelier_rule(labels_as_frequent_as(indices), LabelRule::index), std::nullopt);
  const std::vector<int> even(10, 1000);  // Balanced digits tell nothing, nor do a few.
  EXPECT_EQ(likelier_rule(labels_as_frequent_as(even), LabelRule::index), std::nullopt);
  EXPECT_EQ(likelier_rule(labels_as_frequent_as({1, 3, 2, 2, 1}), LabelRule::index), std::nullopt);
  EXPECT_EQ(likelier_rule(std::vector<std::int64_t>(1000, 10), LabelRule::svhn), std::nullopt);
}

TEST(DetectSource, NamesAMissingFile) {
  try {
    detect_source("/nonexistent/digits.mat");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(std::string(error.what()), "cannot read '/nonexistent/digits.mat': No such file or directory");
  }
}

TEST(DetectSource, SurvivesDamage) {
  const TemporaryFolder folder;
  const auto read = [&folder](std::string_view bytes) { detect_source(folder.write("a", bytes)); };
  test::read_truncated("\x02\0\0\0\0\0\0\0{}% comment\n@relation x\n@attribute"s, read);
  test::read_flipped("  % comment\n@relation x\n@attribute"s, 200, 1, 40, read);
}

}  // namespace
}  // namespace svhn::data
