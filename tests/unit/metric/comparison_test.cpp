#include "metric/comparison.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace svhn::metric {
namespace {

ComparisonResult example() {
  ComparisonResult result;
  result.name = "q4_compare";
  BackboneResult vgg{"vgg16", "vgg16_notop.safetensors", 14714688, {512, 1, 1}, {}, {}, 1.5, {}};
  vgg.frozen = BackboneScore{0.57, 12.5};
  vgg.unfrozen = BackboneScore{0.92, 100.0};
  BackboneResult xception{"xception", "random", 0, {}, {}, {}, {}, "inputs of 32x32 are too small"};
  BackboneResult resnet{"resnet50", "random", 23587712, {2048, 1, 1}, BackboneScore{0.9, 9.0}, {}, {}, {}};
  result.backbones = {xception, vgg, resnet};
  return result;
}

std::filesystem::path temporary(const std::string& text) {
  auto path =
      std::filesystem::temp_directory_path() / ("svhn_comparison_" + std::to_string(::getpid()) + ".json");
  core::write_text_file(path, text, core::ExitCode::data);
  return path;
}

TEST(RankedBackbones, PutsTheBestOfBothScoresFirstAndThoseWithoutLast) {
  const auto result = example();
  const auto ranked = ranked_backbones(result);
  ASSERT_EQ(ranked.size(), 3U);
  EXPECT_EQ(ranked[0]->name, "vgg16");
  EXPECT_EQ(ranked[1]->name, "resnet50");
  EXPECT_EQ(ranked[2]->name, "xception");
}

TEST(ComparisonJson, IsReadBackAsItWas) {
  const auto path = temporary(core::json_text(comparison_json(example())));
  EXPECT_EQ(read_comparison(path), example());
  std::filesystem::remove(path);
}

TEST(ComparisonJson, HasNullWhereThereIsNoScore) {
  const auto json = comparison_json(example());
  EXPECT_TRUE(json["backbones"][0]["frozen"].is_null());
  EXPECT_EQ(json["backbones"][1]["unfrozen"]["val_accuracy"], 0.92);
  EXPECT_EQ(json["backbones"][1]["feature_shape"], nlohmann::json({512, 1, 1}));
}

TEST(ReadComparison, NamesThePlaceOfAnImpossibleAccuracy) {
  auto json = comparison_json(example());
  json["backbones"][1]["frozen"]["val_accuracy"] = 1.5;
  const auto path = temporary(core::json_text(json));
  try {
    read_comparison(path);
    ADD_FAILURE() << "accepted";
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find("/backbones/1/frozen/val_accuracy"), std::string::npos)
        << error.what();
  }
  std::filesystem::remove(path);
}

TEST(FormatComparison, TellsWhyABackboneHasNoScore) {
  const std::string table = format_comparison(example());
  EXPECT_NE(table.find("0.9200   100.0 s"), std::string::npos) << table;
  EXPECT_TRUE(table.ends_with("\nNot compared: xception (inputs of 32x32 are too small)\n")) << table;
}

TEST(FormatComparison, ListsWhatHasNoResultInOneLine) {
  ComparisonResult result = example();
  result.backbones.push_back(result.backbones.front());
  result.backbones.back().name = "vgg19";
  const std::string table = format_comparison(result);
  EXPECT_TRUE(table.ends_with("\nNot compared: xception, vgg19 (the files below have the reasons)\n"))
      << table;
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 4) << table;
}

}  // namespace
}  // namespace svhn::metric
