#include "data/fingerprint.h"

#include <algorithm>

#include "unit/data/prepared_test_content.h"

namespace svhn::data {
namespace {

class Fingerprint : public PreparedFolder {
 protected:
  [[nodiscard]] PreparedData written(const PreparedContent& content) const {
    write_prepared(file(), content);
    return PreparedData(file());
  }
  /// @returns the fingerprint of the test split, rows 4 and 6.
  [[nodiscard]] std::string of_test(const PreparedContent& content,
                                    std::vector<PreprocessStep> steps = {}) const {
    const PreparedData data = written(content);
    return split_fingerprint(data, Split::test, {std::move(steps), data.statistics(Split::train)});
  }
};

TEST_F(Fingerprint, OfASplitIsThatOfItsImagesAndLabels) {
  const PreparedContent content = golden_content();
  const std::string known = of_test(content);
  EXPECT_EQ(known.size(), 16U);
  EXPECT_EQ(known.find_first_not_of("0123456789abcdef"), std::string::npos);
  PreparedContent changed = content;
  changed.labels[4] = 0;
  EXPECT_NE(of_test(changed), known);
  changed = content;
  ++changed.images[6 * kImageBytes + 5];
  EXPECT_NE(of_test(changed), known);
  changed = content;
  changed.indices[2] = {4};
  EXPECT_NE(of_test(changed), known);
  changed = content;
  std::swap(changed.labels[4], changed.labels[6]);
  EXPECT_NE(of_test(changed), known);
}

TEST_F(Fingerprint, OfASplitKnowsNoOrderAndNoOtherImages) {
  const PreparedContent content = golden_content();
  const std::string known = of_test(content);
  PreparedContent changed = content;
  std::swap(changed.indices[2][0], changed.indices[2][1]);
  EXPECT_EQ(of_test(changed), known);
  changed.labels[0] = 0;
  ++changed.images[7 * kImageBytes];
  changed.metadata["source"] = "elsewhere";
  EXPECT_EQ(of_test(changed), known);
  std::swap_ranges(changed.images.begin() + 4 * kImageBytes, changed.images.begin() + 5 * kImageBytes,
                   changed.images.begin() + 1 * kImageBytes);
  std::swap(changed.labels[4], changed.labels[1]);
  changed.indices[1] = {4, 8};
  changed.indices[2] = {1, 6};
  EXPECT_EQ(of_test(changed), known);
}

TEST_F(Fingerprint, OfASplitKnowsWhatThePixelsBecome) {
  const PreparedContent content = golden_content();
  const std::string bare = of_test(content), grey = of_test(content, {PreprocessStep::greyscale});
  EXPECT_NE(bare, grey);
  EXPECT_NE(of_test(content, {PreprocessStep::greyscale, PreprocessStep::minmax}), grey);
  EXPECT_NE(of_test(content, {PreprocessStep::minmax}), of_test(content, {PreprocessStep::minmax_per_split}));
  const PreparedData data = written(content);
  const auto of_train = [&](PreprocessStep step) {
    return split_fingerprint(data, Split::train, {{step}, data.statistics(Split::train)});
  };
  EXPECT_EQ(of_train(PreprocessStep::minmax), of_train(PreprocessStep::minmax_per_split));
  EXPECT_NE(split_fingerprint(data, Split::test, {{}, {}, {64, 64}}), bare);
}

TEST_F(Fingerprint, OfAFileIsItsIdentityInHexadecimalDigits) {
  const PreparedData data = written(golden_content());
  const std::string fingerprint = data_fingerprint(data), identity = data_identity(data);
  EXPECT_EQ(fingerprint.size(), 16U);
  EXPECT_EQ(std::stoull(fingerprint, nullptr, 16), std::stoull(identity));
  EXPECT_EQ(fingerprint_of(identity), fingerprint);
  EXPECT_EQ(fingerprint_of(fingerprint), fingerprint);
  EXPECT_EQ(identity_of(fingerprint), identity);
  PreparedContent changed = golden_content();
  changed.labels[0] = 0;
  EXPECT_NE(data_fingerprint(written(changed)), fingerprint);
}

TEST(FingerprintOf, LeavesOtherTextsAsTheyAre) {
  EXPECT_EQ(fingerprint_of("12"), "000000000000000c");
  EXPECT_EQ(fingerprint_of("18446744073709551615"), "ffffffffffffffff");
  for (const char* text : {"", "12a", "-1", "18446744073709551616", "1234567890123456"})
    EXPECT_EQ(fingerprint_of(text), text);
  EXPECT_EQ(identity_of("12"), "12");
  EXPECT_EQ(identity_of("000000000000000c"), "12");
}

}  // namespace
}  // namespace svhn::data
