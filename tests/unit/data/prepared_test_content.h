#pragma once
/// Small prepared content for tests: the images of tests/parity/preprocess_golden.py.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "data/prepared.h"

namespace svhn::data {

/// u8 [10,32,32,3]; the same formula as in the script.
inline std::vector<std::uint8_t> golden_images() {
  std::vector<std::uint8_t> bytes;
  for (std::uint64_t n = 0; n < 10; ++n) {
    for (std::uint64_t place = 0; place < 32 * 32 * 3; ++place) {
      const std::uint64_t y = place / 96, x = place / 3 % 32, c = place % 3;
      const std::uint64_t sum = n * 7919 + y * 131 + x * 37 + c * 71 + x * y * (n + 1);
      const std::uint64_t mixed = (sum * 2654435761U) % (std::uint64_t{1} << 32) >> 13;
      bytes.push_back(static_cast<std::uint8_t>(13 + mixed % (150 + 9 * c + 6 * n)));
    }
  }
  return bytes;
}

inline PreparedContent golden_content() {
  PreparedContent content;
  content.images = golden_images();
  content.labels = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
  content.indices = {{{7, 0, 3, 5, 2, 9}, {1, 8}, {4, 6}}};
  content.metadata = {{"source", "formula"}, {"synthetic", "true"}};
  return content;
}

/// A separate folder for each test.
class PreparedFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    const std::string name = std::string("svhn_") + info->test_suite_name() + "_" + info->name();
    folder_ = std::filesystem::temp_directory_path() / (name + "_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "data.safetensors"; }

  std::filesystem::path folder_;
};

}  // namespace svhn::data
