#include "data/prepared.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include "data/fingerprint.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;
using formats::DType;

class PreparedTest : public PreparedFolder {
 protected:
  /// @returns the message of refusing to write or open, without the file's name.
  [[nodiscard]] std::string fault(const std::function<void()>& action) const {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      const std::string start = "'" + file().string() + "': ";
      const std::string message = error.what();
      return message.starts_with(start) ? message.substr(start.size()) : message;
    }
    return "no error";
  }

  [[nodiscard]] std::string write_fault(const std::function<void(PreparedContent&)>& change) const {
    PreparedContent content = golden_content();
    change(content);
    return fault([&] { write_prepared(file(), content); });
  }

  [[nodiscard]] std::string open_fault() const {
    return fault([this] { const PreparedData data(file()); });
  }
};

TEST_F(PreparedTest, GivesBackWhatWasWritten) {
  const PreparedContent content = golden_content();
  write_prepared(file(), content);
  const PreparedData data(file());
  EXPECT_EQ(data.size(), 10);
  EXPECT_TRUE(std::ranges::equal(data.labels(), content.labels));
  for (std::int64_t row = 0; row < 10; ++row) {
    const auto expected =
        std::span(content.images).subspan(static_cast<std::size_t>(row * kImageBytes), kImageBytes);
    ASSERT_TRUE(std::ranges::equal(data.image(row), expected)) << row;
  }
  for (const Split split : {Split::train, Split::val, Split::test}) {
    const auto& rows = content.indices[static_cast<std::size_t>(split)];
    EXPECT_TRUE(std::ranges::equal(data.indices(split), rows));
    EXPECT_EQ(data.statistics(split), compute_statistics(content.images, rows))
        << "doubles come back exactly";
  }
  EXPECT_EQ(data.metadata().at("source"), "formula");
  EXPECT_EQ(data.metadata().at("format"), "svhn-prepared-1");
  EXPECT_TRUE(data.synthetic());
  EXPECT_EQ(data.path(), file());
}

TEST_F(PreparedTest, CountsAsRealUnlessItSaysSynthetic) {
  EXPECT_EQ(write_fault([](PreparedContent& content) { content.metadata.clear(); }), "no error");
  EXPECT_FALSE(PreparedData(file()).synthetic());
}

TEST_F(PreparedTest, AllowsAnEmptySplitWithStatisticsOfZero) {
  EXPECT_EQ(write_fault([](PreparedContent& content) { content.indices[1].clear(); }), "no error");
  const PreparedData data(file());
  EXPECT_TRUE(data.indices(Split::val).empty());
  EXPECT_EQ(data.statistics(Split::val), SplitStatistics{});
}

TEST_F(PreparedTest, KeepsTheGroupsOfTheRows) {
  write_prepared(file(), golden_content());
  const std::string without = data_fingerprint(PreparedData(file()));
  EXPECT_TRUE(PreparedData(file()).groups().empty());
  PreparedContent content = golden_content();
  content.groups = {0, 0, 1, 2, 2, 2, 9, 3, 3, 4};
  write_prepared(file(), content);
  const PreparedData data(file());
  EXPECT_TRUE(std::ranges::equal(data.groups(), content.groups));
  EXPECT_TRUE(std::ranges::equal(data.divided({5}, {9}).groups(), content.groups));
  const std::string with = data_fingerprint(data);
  EXPECT_NE(with, without);
  content.groups[0] = 1;
  write_prepared(file(), content);
  EXPECT_NE(data_fingerprint(PreparedData(file())), with);
}

TEST_F(PreparedTest, DividesTheTrainingSplitAnew) {
  write_prepared(file(), golden_content());  // Training rows 7, 0, 3, 5, 2, 9.
  const PreparedData whole(file());
  const PreparedData part = whole.divided({5, 0, 3}, {9, 7});
  EXPECT_TRUE(std::ranges::equal(part.indices(Split::train), std::vector<std::int64_t>{5, 0, 3}));
  EXPECT_TRUE(std::ranges::equal(part.indices(Split::val), std::vector<std::int64_t>{9, 7}));
  EXPECT_TRUE(std::ranges::equal(part.indices(Split::test), whole.indices(Split::test)));
  EXPECT_EQ(part.statistics(Split::train), whole.statistics(Split::train));
  EXPECT_EQ(part.statistics(Split::val), whole.statistics(Split::train));
  EXPECT_TRUE(std::ranges::equal(part.image(4), whole.image(4)));
  EXPECT_EQ(whole.indices(Split::val).size(), 2U) << "the whole is as it was";
  for (const std::int64_t row : {1, 4, 5, -1, 10}) {  // Validation, test, twice, outside.
    EXPECT_THROW(static_cast<void>(whole.divided({5}, {row})), Error) << row;
  }
}

TEST_F(PreparedTest, RefusesToWriteContentThatContradictsItself) {
  EXPECT_EQ(write_fault([](PreparedContent& c) { c = {}; }), "there are no images to write");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.images.pop_back(); }),
            "30719 bytes of images do not fit 10 labels");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.labels.pop_back(); }),
            "30720 bytes of images do not fit 9 labels");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.labels[3] = 10; }),
            "the label of row 3 is 10, not a class index of 0 to 9");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.indices[2][0] = 10; }),
            "split 'test' has the row 10 of 10");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.indices[1][0] = -1; }),
            "split 'val' has the row -1 of 10");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.indices[1][0] = 9; }),
            "row 9 of split 'val' is in the splits twice");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.indices[0][1] = 7; }),
            "row 7 of split 'train' is in the splits twice");
  EXPECT_EQ(write_fault([](PreparedContent& c) { c.groups = {0, 0}; }), "2 groups do not fit 10 labels");
  for (const std::int64_t wrong : {-1, 10}) {
    const auto change = [wrong](PreparedContent& c) {
      c.groups.assign(10, 0);
      c.groups[4] = wrong;
    };
    EXPECT_EQ(write_fault(change), "the group of row 4 is " + std::to_string(wrong) + " of 10");
  }
  EXPECT_FALSE(fs::exists(file()));
}

/// What a forger can write: right checksums around wrong content.
struct Forged {
  std::vector<std::uint8_t> images = golden_images();
  std::vector<std::uint8_t> labels = golden_content().labels;
  std::array<std::vector<std::int64_t>, 3> indices = golden_content().indices;
  std::map<std::string, std::string> metadata;
  std::vector<std::int64_t> shape{10, 32, 32, 3};

  void write(const fs::path& path) const {
    const auto rows = [](const std::vector<std::int64_t>& r) { return std::as_bytes(std::span(r)); };
    const auto length = [](const auto& list) { return std::vector{static_cast<std::int64_t>(list.size())}; };
    formats::write_safetensors(path,
                               {{"images", DType::u8, shape, std::as_bytes(std::span(images))},
                                {"labels", DType::u8, length(labels), std::as_bytes(std::span(labels))},
                                {"train", DType::i64, length(indices[0]), rows(indices[0])},
                                {"val", DType::i64, length(indices[1]), rows(indices[1])},
                                {"test", DType::i64, length(indices[2]), rows(indices[2])}},
                               metadata, ExitCode::data);
  }
};

TEST_F(PreparedTest, BelievesNothingInAForgedFile) {
  write_prepared(file(), golden_content());
  const auto metadata = PreparedData(file()).metadata();
  const auto of = [&](const std::function<void(Forged&)>& change) {
    Forged forged;
    forged.metadata = metadata;
    change(forged);
    forged.write(file());
    return open_fault();
  };
  EXPECT_EQ(of([](Forged&) {}), "no error");
  EXPECT_EQ(of([](Forged& f) { f.labels[0] = 255; }),
            "the label of row 0 is 255, not a class index of 0 to 9");
  EXPECT_EQ(of([](Forged& f) { f.labels.pop_back(); }), "tensor 'labels' is U8 [9] where U8 [10] is needed");
  EXPECT_EQ(of([](Forged& f) { f.indices[0][0] = INT64_MAX; }),
            "split 'train' has the row 9223372036854775807 of 10");
  EXPECT_EQ(of([](Forged& f) { f.indices[2][1] = 1; }), "row 1 of split 'test' is in the splits twice");
  EXPECT_EQ(of([](Forged& f) {
              f.shape = {10, 3, 32, 32};
            }),
            "tensor 'images' is U8 [10,3,32,32] where U8 [any,32,32,3] is needed");
  EXPECT_EQ(of([](Forged& f) { f.metadata["format"] = "svhn-prepared-2"; }),
            "not a prepared data file (its metadata lacks format svhn-prepared-1)");
  EXPECT_EQ(of([](Forged& f) { f.metadata.erase("statistics"); }), "the metadata lacks 'statistics'");
  EXPECT_EQ(of([](Forged& f) { f.metadata["statistics"] = "{\"train\":{}}"; }),
            "the statistics are not those of train, val and test");
  EXPECT_EQ(of([](Forged& f) { f.metadata["synthetic"] = "perhaps"; }),
            "'synthetic' is neither true nor false");
}

void flip(const fs::path& path, std::size_t at, int bit) {
  std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekg(static_cast<std::streamoff>(at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ (1 << bit)));
}

TEST_F(PreparedTest, NoticesAFlipInEveryByteOutsideOfTheImagesOnOpening) {
  write_prepared(file(), golden_content());
  // Layout: header, train, val, test (alignment 8), then images and labels.
  const std::size_t images_end = fs::file_size(file()) - 10;
  const std::size_t images_begin = images_end - golden_images().size();
  for (std::size_t at = 0; at < fs::file_size(file()); ++at) {
    if (at == images_begin) at = images_end;
    const int bit = static_cast<int>(at % 8);  // Every bit of a file is flipped in the tests of the format.
    flip(file(), at, bit);
    ASSERT_NE(open_fault(), "no error") << "byte " << at << " bit " << bit;
    flip(file(), at, bit);
  }
  EXPECT_EQ(open_fault(), "no error");
}

TEST_F(PreparedTest, ChecksImagesWhenTheyAreTouched) {
  PreparedContent content = golden_content();
  const std::size_t copies = 50;  // 500 images are 1.5 MB, two pieces.
  content.images.clear();
  content.labels.clear();
  for (std::size_t i = 0; i < copies; ++i) {
    std::ranges::copy(golden_images(), std::back_inserter(content.images));
    std::ranges::copy(golden_content().labels, std::back_inserter(content.labels));
  }
  write_prepared(file(), content);
  const std::size_t end = fs::file_size(file()) - content.labels.size();
  flip(file(), end - 1, 3);
  const PreparedData data(file());
  EXPECT_NO_THROW((void)data.image(0));
  EXPECT_THROW((void)data.image(499), Error) << "the piece of the flipped byte";
  EXPECT_THROW((void)data.image(500), Error);
  EXPECT_THROW((void)data.image(-1), Error);
}

TEST_F(PreparedTest, RefusesOtherFiles) {
  EXPECT_EQ(open_fault(), "cannot read '" + file().string() + "': No such file or directory");
  formats::write_safetensors(file(), {}, {}, ExitCode::data);
  EXPECT_EQ(open_fault(), "not a prepared data file (its metadata lacks format svhn-prepared-1)");
}

TEST_F(PreparedTest, InsistsOnChecksums) {
  const std::string header = R"({"__metadata__":{"format":"svhn-prepared-1"}})";
  const std::string length = {static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
  std::ofstream(file(), std::ios::binary) << length << header;
  EXPECT_EQ(open_fault(), "a prepared data file without checksums");
}

TEST(Statistics, AreThoseOfBlackAndWhite) {
  std::vector<std::uint8_t> images(2 * kImageBytes, 0);
  std::fill_n(images.begin(), kImageBytes, std::uint8_t{255});
  const std::vector<std::int64_t> rows{0, 1};
  const SplitStatistics s = compute_statistics(images, rows);
  // One half is 0 and the other 1: mean 1/2, deviation 1/2; the grey weights add up to 1.
  EXPECT_EQ(s.min, 0.0);
  EXPECT_EQ(s.max, 1.0);
  EXPECT_EQ(s.grey_max, 1.0);
  EXPECT_EQ(s.mean, (std::array<double, 3>{0.5, 0.5, 0.5}));
  EXPECT_EQ(s.stddev, (std::array<double, 3>{0.5, 0.5, 0.5}));
  EXPECT_EQ(s.grey_mean, 0.5);
  EXPECT_EQ(s.grey_stddev, 0.5);
}

TEST(Statistics, RefuseRowsOutsideOfTheImages) {
  const std::vector<std::uint8_t> images(kImageBytes, 0);
  for (const std::int64_t row : {std::int64_t{-1}, std::int64_t{1}, INT64_MAX}) {
    EXPECT_THROW(compute_statistics(images, std::span(&row, 1)), Error) << row;
  }
}

TEST(Classes, AreTheDigitsOneToNineAndZero) {
  // Class index i is digit (i + 1) % 10.
  EXPECT_EQ(digit_of_class(0), 1);
  EXPECT_EQ(digit_of_class(9), 0);
  for (int digit = 0; digit < 10; ++digit) EXPECT_EQ(digit_of_class(class_of_digit(digit)), digit);
}

}  // namespace
}  // namespace svhn::data
