#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "svhn/svhn.h"
#include "svhn/svhn.hpp"
#include "unit/data/prepared_test_content.h"

namespace svhn {
namespace {

const std::string kModel = SVHN_SOURCE_DIR "/models/demo.safetensors";

TEST(CFunctions, AreOfOneVersion) {
  EXPECT_EQ(svhn_abi_version(), SVHN_ABI_VERSION);
  EXPECT_EQ(svhn_version(), version());
}

TEST(CFunctions, GiveTheAnswersOfTheClasses) {
  const auto images = data::golden_images();
  const Model model(kModel);
  svhn_model* handle = nullptr;
  ASSERT_EQ(svhn_model_open(kModel.c_str(), nullptr, 0, &handle), SVHN_OK);
  std::array<svhn_picture, 2> pictures{{{images.data(), 32, 32, 0}, {images.data(), 20, 30, 96}}};
  std::array<double, 20> probabilities{};
  std::array<int, 2> digits{};
  ASSERT_EQ(svhn_model_classify(handle, pictures.data(), 2, probabilities.data(), digits.data()), SVHN_OK);
  for (std::size_t i = 0; i < 2; ++i) {
    const svhn_picture& one = pictures.at(i);
    const Answer answer = model.classify(Picture{one.pixels, one.height, one.width, one.stride});
    EXPECT_EQ(digits.at(i), answer.digit);
    EXPECT_TRUE(std::equal(answer.probabilities.begin(), answer.probabilities.end(), &probabilities[i * 10]));
  }
  std::array<double, 10> batch{};
  ASSERT_EQ(svhn_model_classify_batch(handle, images.data(), 1, batch.data(), nullptr), SVHN_OK);
  EXPECT_TRUE(std::equal(batch.begin(), batch.end(), probabilities.begin()));
  EXPECT_EQ(svhn_model_name(handle), model.name());
  EXPECT_EQ(svhn_model_preprocessing(handle), model.preprocessing());
  EXPECT_EQ(svhn_model_height(handle), 32U);
  EXPECT_EQ(svhn_model_width(handle), 32U);
  EXPECT_EQ(svhn_model_parameters(handle), model.parameters());
  EXPECT_STREQ(svhn_model_label(handle, 7), "7");
  EXPECT_EQ(svhn_model_label(handle, 10), nullptr);
  EXPECT_EQ(svhn_model_label(handle, -1), nullptr);
  EXPECT_EQ(svhn_model_synthetic(handle), 1);
  std::size_t count = 9;
  EXPECT_EQ(svhn_model_evaluation_count(handle, &count), SVHN_OK);
  EXPECT_EQ(count, 0U);
  svhn_evaluation evaluation{};
  EXPECT_EQ(svhn_model_evaluation(handle, 0, &evaluation), SVHN_USAGE);
  svhn_model_close(handle);
  svhn_model_close(nullptr);
}

TEST(CFunctions, KeepTheErrorOfEachThread) {
  svhn_model* handle = nullptr;
  EXPECT_EQ(svhn_model_open("no such file", nullptr, 0, &handle), SVHN_MODEL);
  EXPECT_EQ(handle, nullptr);
  const std::string mine = svhn_last_error();
  EXPECT_NE(mine.find("no such file"), std::string::npos);
  EXPECT_STRNE(svhn_last_hint(), "");
  std::string before = "?", after;
  std::thread([&] {
    before = svhn_last_error();
    (void)svhn_set_threads(-1);
    after = svhn_last_error();
  }).join();
  EXPECT_EQ(before, "");
  EXPECT_NE(after, "");
  EXPECT_EQ(svhn_last_error(), mine);
}

TEST(CFunctions, RefuseNullPointers) {
  svhn_model* model = nullptr;
  svhn_data* data = nullptr;
  EXPECT_EQ(svhn_model_open(nullptr, nullptr, 0, &model), SVHN_USAGE);
  EXPECT_EQ(svhn_model_open(kModel.c_str(), nullptr, 0, nullptr), SVHN_USAGE);
  EXPECT_EQ(svhn_model_classify(nullptr, nullptr, 0, nullptr, nullptr), SVHN_USAGE);
  EXPECT_EQ(svhn_data_open(nullptr, &data), SVHN_USAGE);
  EXPECT_NE(std::string(svhn_last_error()).find("null"), std::string::npos);
}

class CData : public data::PreparedFolder {};

TEST_F(CData, GiveWhatTheClassGives) {
  data::write_prepared(file(), data::golden_content());
  svhn_data* handle = nullptr;
  ASSERT_EQ(svhn_data_open(file().c_str(), &handle), SVHN_OK);
  EXPECT_EQ(svhn_data_size(handle), 10U);
  EXPECT_EQ(svhn_data_synthetic(handle), 1);
  EXPECT_STREQ(svhn_data_source(handle), "formula");
  const std::int64_t* rows = nullptr;
  std::size_t count = 0;
  ASSERT_EQ(svhn_data_rows(handle, 2, &rows, &count), SVHN_OK);
  EXPECT_EQ(std::vector<std::int64_t>(rows, rows + count), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(svhn_data_rows(handle, 3, &rows, &count), SVHN_USAGE);
  const std::uint8_t* image = nullptr;
  int digit = -1;
  ASSERT_EQ(svhn_data_image(handle, 9, &image), SVHN_OK);
  const auto images = data::golden_images();
  EXPECT_TRUE(std::equal(image, image + data::kImageBytes, images.end() - data::kImageBytes));
  ASSERT_EQ(svhn_data_digit(handle, 9, &digit), SVHN_OK);
  EXPECT_EQ(digit, 1);  // Class index 0.
  EXPECT_EQ(svhn_data_image(handle, 10, &image), SVHN_USAGE);
  svhn_data_close(handle);
}

}  // namespace
}  // namespace svhn
