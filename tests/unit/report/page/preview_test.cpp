#include "report/page/preview.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "unit/report/page/page_files.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;

/// A page that opens on the run "b", which has one result.
Json document_of(bool synthetic) {
  const Json evaluation{{"accuracy", 0.915}, {"images", 1}, {"accuracy_interval_95", {0.9, 0.93}}};
  const Json result{{"primary", true},
                    {"model", {{"which", "best"}, {"epoch", 12}}},
                    {"data", {{"file", "data/svhn.safetensors"}, {"synthetic", synthetic}}},
                    {"split", "test"},
                    {"date", "2026-11-30T12:00:00Z"},
                    {"evaluation", evaluation}};
  const Json other{{"slug", "a"}, {"name", "a"}, {"results", Json::array()}};
  return {{"opens", "b"},
          {"runs", Json::array({other,
                                {{"slug", "b"},
                                 {"name", "b"},
                                 {"training", {{"images", 384}}},
                                 {"results", Json::array({result})}}})}};
}

cv::Mat decoded(const std::string& png) {
  const std::vector<unsigned char> bytes(png.begin(), png.end());
  return cv::imdecode(bytes, cv::IMREAD_COLOR);
}

/// @returns the number of pixels of a colour.
int count(const cv::Mat& bgr, const cv::Scalar& colour) {
  cv::Mat same;
  cv::inRange(bgr, colour, colour, same);
  return cv::countNonZero(same);
}

const cv::Scalar kMark(0, 75, 166);

TEST(PreviewPng, HasTheSizeThatSitesAskForAndText) {
  const cv::Mat picture = decoded(preview_png(document_of(false), SpriteSheets()));
  EXPECT_EQ(picture.size(), cv::Size(1200, 630));
  EXPECT_EQ(count(picture, kMark), 0);
  const cv::Mat words = picture(cv::Rect(56, 100, 500, 120));
  EXPECT_LT(count(words, {255, 255, 255}), static_cast<int>(words.total()) * 9 / 10);
}

TEST(PreviewPng, MarksSyntheticDigits) {
  EXPECT_GT(count(decoded(preview_png(document_of(true), SpriteSheets())), kMark), 1'000);
}

TEST(PreviewPng, ShowsDigitsAndMistakes) {
  const PageFolder folder;
  write_images(folder / "d.safetensors", 2);
  SpriteSheets sprites;
  const int sprite = sprites.add(folder / "d.safetensors", 1);  // Of the grey 20.
  Json document = document_of(false);
  Json& result = document["runs"][1]["results"][0];
  result["cells"] = {{"0,0", Json::array({Json::array({sprite, 0.9})})}, {"3,3", Json::array()}};
  const Json mistake{{"sprite", sprite}, {"true", 3}, {"predicted", 5}},
      lost{{"sprite", -1}, {"true", 3}, {"predicted", 5}};
  result["mistakes"] = {{"worst", Json::array({lost, mistake})}};
  const cv::Mat picture = decoded(preview_png(document, sprites));
  EXPECT_EQ(count(picture, {20, 20, 20}), 2 * 78 * 78);
}

TEST(PreviewPng, IsEmptyWithoutAnAccuracy) {
  Json document = document_of(false);
  document["runs"][1]["results"][0].erase("evaluation");
  EXPECT_EQ(preview_png(document, SpriteSheets()), "");
  document["opens"] = nullptr;
  EXPECT_EQ(preview_png(document, SpriteSheets()), "");
}

}  // namespace
}  // namespace svhn::report
