#include "report/page/sprites.h"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

// Image `row` is grey 20 * row; tiles stand 32 in a line. JPEG keeps flat grey tiles to within 2.
TEST(SpriteSheets, PutsEachImageOnceInTheOrderOfAsking) {
  const PageFolder folder;
  write_images(folder / "d.safetensors", 8);
  SpriteSheets sprites;
  EXPECT_EQ(sprites.add(folder / "d.safetensors", 7), 0);
  EXPECT_EQ(sprites.add(folder / "d.safetensors", 2), 1);
  EXPECT_EQ(sprites.add(folder / "d.safetensors", 7), 0);
  const auto sheets = sprites.sheets();
  ASSERT_EQ(sheets.size(), 1U);
  const std::vector<unsigned char> bytes(sheets[0].begin(), sheets[0].end());
  const cv::Mat sheet = cv::imdecode(bytes, cv::IMREAD_GRAYSCALE);
  ASSERT_EQ(sheet.cols, 1024);
  ASSERT_EQ(sheet.rows, 32);
  EXPECT_NEAR(sheet.at<unsigned char>(16, 16), 140, 2);
  EXPECT_NEAR(sheet.at<unsigned char>(16, 48), 40, 2);
}

TEST(SpriteSheets, HaveNoPictureForRowsAndFilesThatAreNotThere) {
  const PageFolder folder;
  write_images(folder / "d.safetensors", 2);
  SpriteSheets sprites;
  EXPECT_EQ(sprites.add(folder / "d.safetensors", 2), -1);
  EXPECT_EQ(sprites.add(folder / "d.safetensors", -1), -1);
  EXPECT_EQ(sprites.add("", 0), -1);
  EXPECT_EQ(sprites.add(folder / "none.safetensors", 0), -1);
  EXPECT_EQ(sprites.add(folder / "none.safetensors", 1), -1);
  ASSERT_EQ(sprites.problems().size(), 1U);
  EXPECT_NE(sprites.problems()[0].find("none.safetensors"), std::string::npos);
  EXPECT_TRUE(sprites.sheets().empty());
}

}  // namespace
}  // namespace svhn::report
