#include "data/images/prepare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "data/digest.h"
#include "data/photos.h"
#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::TemporaryFolder;

std::string header() {
  std::string text = "@RELATION SVHN\n";
  for (int i = 0; i < 3072; ++i) text += "@ATTRIBUTE V" + std::to_string(i) + " INTEGER\n";
  return text + "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9,10}\n@DATA\n";
}

/// `count` rows; row i has the label (first + i) % 10 and every pixel first + i.
std::string arff(int first, int count) {
  std::string text = header();
  for (int i = 0; i < count; ++i) {
    const std::string pixel = std::to_string(first + i) + ",";
    for (int k = 0; k < 3072; ++k) text += pixel;
    text += std::to_string((first + i) % 10) + "\n";
  }
  return text;
}

std::string prepare_refusal(const PrepareOptions& options) {
  try {
    prepare(options);
  } catch (const core::Error& error) {
    return error.what() + std::string(" | ") + error.hint();
  }
  return "no error";
}

/// Every row appears in exactly one split.
void expect_partition(const PreparedContent& content) {
  std::vector<std::int64_t> all;
  for (const auto& rows : content.indices) all.insert(all.end(), rows.begin(), rows.end());
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> expected(content.labels.size());
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(Prepare, JoinsInputsInTheOrderGiven) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("b.arff", arff(100, 60)), folder.write("a.arff", arff(0, 40))};
  const PreparedContent content = prepare(options);
  ASSERT_EQ(content.labels.size(), 100U);
  EXPECT_EQ(content.images[0], 100);
  EXPECT_EQ(content.images[60 * 3072], 0);
  EXPECT_EQ(content.labels[61], 1);
  EXPECT_EQ(content.metadata.at("source"), "b.arff, a.arff");
  EXPECT_EQ(content.metadata.at("sha256"),
            sha256_of_file(options.inputs[0]) + ", " + sha256_of_file(options.inputs[1]));
  EXPECT_EQ(content.metadata.at("format"), "arff, arff");
  EXPECT_EQ(content.metadata.at("label_rule"), "index, index");
  EXPECT_EQ(content.metadata.at("label_rule_from"),
            "assumed (the file does not say), assumed (the file does not say)");
  EXPECT_EQ(content.metadata.at("synthetic"), "false");
  expect_partition(content);
}

TEST(Prepare, RecordsHowTheSplitWasDrawn) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("a.arff", arff(0, 200))};
  options.draw = {.test_fraction = 0.25, .val_fraction = 0.2, .seed = 9, .stratify = Stratify::label};
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.metadata.at("split"), "random");
  EXPECT_EQ(content.metadata.at("stratify"), "label");
  EXPECT_EQ(content.metadata.at("test_fraction"), "0.25");
  EXPECT_EQ(content.metadata.at("val_fraction"), "0.2");
  EXPECT_EQ(content.metadata.at("split_seed"), "9");
  EXPECT_EQ(content.indices[2].size(), 50U);
  EXPECT_EQ(content.indices[1].size(), 30U);
}

/// A table in which three rows that follow each other are of one photo.
std::string photo_table(const std::vector<std::pair<std::string, int>>& inputs) {
  std::string text = "file,row,photo\n";
  for (const auto& [name, rows] : inputs) {
    for (int row = 0; row < rows; ++row) {
      text += name + "," + std::to_string(row) + "," + std::to_string(row / 3) + "\n";
    }
  }
  return text;
}

TEST(Prepare, DividesNoPhotoOfATable) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("a.arff", arff(0, 90)), folder.write("b.arff", arff(100, 60))};
  options.groups = folder.write("p.csv", photo_table({{"a.arff", 90}, {"b.arff", 60}}));
  std::vector<std::string> notes;
  options.on_note = [&](const std::string& line) { notes.push_back(line); };
  const PreparedContent content = prepare(options);
  expect_partition(content);
  ASSERT_EQ(content.groups.size(), 150U);
  EXPECT_EQ(content.groups[2], 0);
  EXPECT_EQ(content.groups[90], 30) << "the photos of the second file follow";
  EXPECT_EQ(count_divided(content.groups, content.indices), 0);
  EXPECT_EQ(content.metadata.at("group"), "p.csv");
  EXPECT_FALSE(content.metadata.contains("stratify"));
  EXPECT_TRUE(notes.empty());
  options.limit = 100;
  EXPECT_EQ(prepare(options).groups.size(), 100U);
}

TEST(Prepare, SaysWhichDigitsASplitLacksForWantOfPhotos) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("a.arff", arff(0, 15))};
  options.groups = folder.write("p.csv", photo_table({{"a.arff", 15}}));
  std::vector<std::string> notes;
  options.on_note = [&](const std::string& line) { notes.push_back(line); };
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.indices[2].size(), 3U);
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_TRUE(notes[1].starts_with(
      "warning: the val split has no image of these digits, which too few photos show: "))
      << notes[1];
}

TEST(Prepare, KeepsTheOfficialTestRowsAndDividesTheOthersByPhoto) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("train.arff", arff(0, 90)), folder.write("test.arff", arff(100, 60))};
  options.groups = folder.write("p.csv", photo_table({{"train.arff", 90}, {"test.arff", 60}}));
  options.split = SplitKind::official;
  std::vector<std::string> notes;
  options.on_note = [&](const std::string& line) { notes.push_back(line); };
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.indices[2].size(), 60U);
  EXPECT_EQ(content.indices[2].front(), 90);
  EXPECT_EQ(count_divided(content.groups, content.indices), 0);
  EXPECT_TRUE(notes.empty()) << "photo 0 of one file is another one than that of the other file";
}

TEST(Prepare, LimitKeepsTheFirstRowsOfAll) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("a.arff", arff(0, 70)), folder.write("b.arff", arff(100, 50))};
  options.limit = 100;
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.labels.size(), 100U);
  EXPECT_EQ(content.images.size(), 100U * 3072U);
  EXPECT_EQ(content.images.back(), 129);
  EXPECT_EQ(content.metadata.at("limit"), "100");
}

TEST(Prepare, HasAReaderOfEverySource) {
  for (const Source& source : sources()) {
    PrepareOptions options;
    options.inputs = {"/nonexistent"};
    options.format = &source;
    EXPECT_NE(prepare_refusal(options).find("/nonexistent"), std::string::npos) << source.name;
  }
}

TEST(Prepare, LabelRuleOverridesTheFormatsOwn) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("a.arff", arff(0, 100))};
  EXPECT_EQ(prepare(options).labels[1], 1);  // Index 1 as written.
  options.labels = LabelRule::digit;
  EXPECT_EQ(prepare(options).labels[1], 0);  // The digit 1 has index 0.
  EXPECT_EQ(prepare(options).metadata.at("label_rule"), "digit");
  EXPECT_EQ(prepare(options).metadata.at("label_rule_from"), "--labels");
  options.labels = LabelRule::svhn;
  EXPECT_NE(prepare_refusal(options).find("a.arff"), std::string::npos);  // There is no label 0.
}

TEST(Prepare, OfficialSplitKeepsTestFilesAsTest) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("train_1.arff", arff(0, 100)), folder.write("my_test.arff", arff(100, 30))};
  options.split = SplitKind::official;
  const PreparedContent content = prepare(options);
  std::vector<std::int64_t> test_rows = content.indices[2];
  std::sort(test_rows.begin(), test_rows.end());
  ASSERT_EQ(test_rows.size(), 30U);
  EXPECT_EQ(test_rows.front(), 100);
  EXPECT_EQ(content.indices[1].size(), 20U);
  EXPECT_EQ(content.metadata.at("split"), "official");
  EXPECT_EQ(content.metadata.count("test_fraction"), 0U);
  expect_partition(content);
}

TEST(Prepare, OfficialSplitRefusesNamesThatTellNothing) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("digits.arff", arff(0, 100))};
  options.split = SplitKind::official;
  EXPECT_EQ(prepare_refusal(options),
            "the official split cannot place 'digits.arff': its name has not exactly one of the words train, "
            "test and extra | rename it, such as train_digits.arff, or use --split random");
}

TEST(Prepare, ReadsFoldersAndReportsWhatWasSkipped) {
  const TemporaryFolder folder;
  std::vector<unsigned char> png;
  for (int i = 0; i < 100; ++i) {
    cv::imencode(".png", cv::Mat(32, 32, CV_8UC3, cv::Scalar(i, i, i)), png);
    folder.write("digits/" + std::to_string(i % 10) + "/" + std::to_string(i) + ".png",
                 {reinterpret_cast<char*>(png.data()), png.size()});
  }
  folder.write("digits/4/broken.png", "broken");
  PrepareOptions options;
  options.inputs = {folder.path() / "digits/"};
  std::vector<std::string> skipped;
  options.on_skipped = [&skipped](const std::string& what) { skipped.push_back(what); };
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.labels.size(), 100U);
  EXPECT_EQ(content.labels.front(), 9);  // The digit 0 comes first and has index 9.
  EXPECT_EQ(content.metadata.at("source"), "digits");
  EXPECT_EQ(content.metadata.at("skipped"), "1");
  ASSERT_EQ(skipped.size(), 1U);
  EXPECT_EQ(skipped[0].substr(0, 12), "4/broken.png");
  options.strict = true;
  EXPECT_NE(prepare_refusal(options).find("4/broken.png"), std::string::npos);
}

/// Writes `count` pictures of each digit, all different. @param folder of the digits' folders, ends in "/".
void write_digits(const TemporaryFolder& target, const std::string& folder, int count, int first_digit = 0) {
  std::vector<unsigned char> png;
  const int shade = static_cast<int>(folder.size() * 7 % 100);
  for (int digit = first_digit; digit < first_digit + 10; ++digit) {
    for (int i = 0; i < count; ++i) {
      cv::imencode(".png", cv::Mat(32, 32, CV_8UC3, cv::Scalar(shade, 20 * digit, i)), png);
      target.write(folder + std::to_string(digit) + "/" + std::to_string(i) + ".png",
                   {reinterpret_cast<char*>(png.data()), png.size()});
    }
  }
}

/// Prepares, and collects the notes.
PreparedContent prepare_noting(PrepareOptions options, std::vector<std::string>& notes) {
  notes.clear();
  options.on_note = [&notes](const std::string& line) { notes.push_back(line); };
  return prepare(options);
}

TEST(Prepare, MakesSplitsOfFoldersThatAreNamedForThem) {
  const TemporaryFolder folder;
  write_digits(folder, "digits/train/", 6);
  write_digits(folder, "digits/val/", 1);
  write_digits(folder, "digits/test/", 2);
  PrepareOptions options;
  options.inputs = {folder.path() / "digits"};
  std::vector<std::string> notes;
  const PreparedContent content = prepare_noting(options, notes);
  EXPECT_EQ(content.indices[0].size(), 60U);
  EXPECT_EQ(content.indices[1].size(), 10U);
  EXPECT_EQ(content.indices[2].size(), 20U);
  EXPECT_EQ(content.metadata.at("split"), "folders");
  EXPECT_EQ(content.metadata.count("test_fraction") + content.metadata.count("val_fraction"), 0U);
  EXPECT_TRUE(notes.empty());
  expect_partition(content);

  options.split = SplitKind::random;
  EXPECT_EQ(prepare_noting(options, notes).metadata.at("split"), "random");
  EXPECT_EQ(
      notes,
      (std::vector<std::string>{"folders are named for splits, but --split random divides all images anew"}));
}

TEST(Prepare, DrawsTheSplitsThatNoFolderIsNamedFor) {
  const TemporaryFolder folder;
  write_digits(folder, "train/", 5);
  write_digits(folder, "test/", 2);
  PrepareOptions options;
  options.inputs = {folder.path() / "train", folder.path() / "test"};  // The inputs' own names count, too.
  std::vector<std::string> notes;
  const PreparedContent content = prepare_noting(options, notes);
  EXPECT_EQ(content.indices[2].size(), 20U);
  EXPECT_EQ(content.indices[1].size(), 10U);
  EXPECT_EQ(content.metadata.count("test_fraction"), 0U);
  EXPECT_EQ(content.metadata.at("val_fraction"), "0.2");
  EXPECT_EQ(
      notes,
      (std::vector<std::string>{"no folder is named val: 0.2 of the training images become that split"}));
  // One of them alone says nothing about a division.
  options.inputs = {folder.path() / "test"};
  options.draw = {.test_fraction = 0.5, .val_fraction = 0.5, .seed = 1, .stratify = Stratify::label};
  EXPECT_THROW(prepare_noting(options, notes), core::Error);  // 20 images are too few for three splits.
  write_digits(folder, "test/", 8);
  EXPECT_EQ(prepare_noting(options, notes).metadata.at("split"), "random");
  EXPECT_EQ(
      notes,
      (std::vector<std::string>{"no folder is named for training data: all pictures are divided at random"}));
}

TEST(Prepare, ReadsStanfordsFoldersFromOneToTen) {
  const TemporaryFolder folder;
  write_digits(folder, "digits/", 10, 1);
  PrepareOptions options;
  options.inputs = {folder.path() / "digits"};
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.labels.size(), 100U);
  EXPECT_EQ(std::count(content.labels.begin(), content.labels.end(), class_of_digit(0)), 10);
  EXPECT_EQ(content.metadata.at("label_rule"), "svhn");
  options.labels = LabelRule::digit;
  EXPECT_NE(prepare_refusal(options).find("label 10 of row 0"), std::string::npos);
}

TEST(Prepare, WarnsOfImagesInTwoSplits) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("train.arff", arff(0, 100)), folder.write("test.arff", arff(100, 50))};
  options.split = SplitKind::official;
  std::vector<std::string> notes;
  prepare_noting(options, notes);
  EXPECT_TRUE(notes.empty());
  // The rows 100 to 149 are training data, too, of which 20 % become the validation split.
  options.inputs.push_back(folder.write("extra.arff", arff(100, 50)));
  const PreparedContent content = prepare_noting(options, notes);
  const auto val = std::count_if(content.indices[1].begin(), content.indices[1].end(),
                                 [](std::int64_t row) { return row >= 150; });
  const auto text = [](std::int64_t count, const std::string& split) {
    return "warning: " + std::to_string(count) + " of the 50 images of the test split are in the " + split +
           " split too, pixel by pixel";
  };
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "warning: 'extra.arff' has the content of 'test.arff': 50 images are there twice",
                       text(50 - val, "training"), text(val, "validation")}));
}

TEST(Prepare, WarnsOfASingleDigit) {
  const TemporaryFolder folder;
  std::vector<unsigned char> png;
  for (int i = 0; i < 20; ++i) {
    cv::imencode(".png", cv::Mat(32, 32, CV_8UC3, cv::Scalar(i, i, i)), png);
    folder.write("d/4/" + std::to_string(i) + ".png", {reinterpret_cast<char*>(png.data()), png.size()});
  }
  PrepareOptions options;
  options.inputs = {folder.path() / "d"};
  std::vector<std::string> notes;
  prepare_noting(options, notes);
  EXPECT_EQ(notes, (std::vector<std::string>{
                       "warning: every image shows the digit 4: no model can learn to tell digits apart"}));
}

TEST(Prepare, RefusesOptionsThatCannotBe) {
  EXPECT_EQ(prepare_refusal({}), "there is no input to prepare | name one or more with --input");
  PrepareOptions options;
  options.inputs = {"x"};
  options.limit = 0;
  EXPECT_EQ(prepare_refusal(options), "the limit 0 is below 1 | ask for at least one row");
}

TEST(Prepare, RefusesTooFewRowsWithAHint) {
  const TemporaryFolder folder;
  PrepareOptions options;
  options.inputs = {folder.write("a.arff", arff(0, 10))};
  try {
    prepare(options);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(PrepareSynthetic, IsMarkedAndSplit) {
  const PreparedContent content = prepare_synthetic(500, 3);
  EXPECT_EQ(content.labels.size(), 500U);
  EXPECT_EQ(content.metadata.at("synthetic"), "true");
  EXPECT_EQ(content.metadata.at("synthetic_seed"), "3");
  EXPECT_EQ(content.metadata.at("source"), "synthetic");
  EXPECT_EQ(content.indices[2].size(), 100U);
  expect_partition(content);
  EXPECT_EQ(prepare_synthetic(500, 3).images, content.images);
}

TEST(Prepare, ReadsTheSamplesOfEveryForm) {
  const char* const shared = std::getenv("SVHN_SHARED");
  const std::filesystem::path folder =
      (shared != nullptr ? shared : SVHN_SOURCE_DIR "/../shared") / std::filesystem::path("data");
  if (!std::filesystem::exists(folder / "dataset.pkl.py3")) GTEST_SKIP() << "needs the samples in " << folder;
  PrepareOptions options;
  options.inputs = {folder / "dataset.pkl.py3", folder / "svhn_200.arff", folder / "test_32x32.mat"};
  const PreparedContent content = prepare(options);
  EXPECT_EQ(content.labels.size(), 8000U + 200U + 1000U);
  EXPECT_EQ(content.metadata.at("label_rule"), "index, index, svhn");
  expect_partition(content);
}

}  // namespace
}  // namespace svhn::data
