#include "data/preprocess.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;
using enum PreprocessStep;

// Expected values: tests/parity/preprocess_golden.json, made by preprocess_golden.py with numpy 1.24.
nlohmann::json golden() {
  const std::filesystem::path path = SVHN_SOURCE_DIR "/tests/parity/preprocess_golden.json";
  return core::read_json_file(path, ExitCode::data);
}

SplitStatistics golden_statistics(const nlohmann::json& json) {
  SplitStatistics s;
  s.min = json.at("min"), s.max = json.at("max");
  s.grey_min = json.at("grey_min"), s.grey_max = json.at("grey_max");
  s.mean = json.at("mean"), s.stddev = json.at("stddev");
  s.grey_mean = json.at("grey_mean"), s.grey_stddev = json.at("grey_stddev");
  return s;
}

std::vector<PreprocessStep> steps_of(const nlohmann::json& names) {
  std::vector<PreprocessStep> steps;
  for (const std::string name : names) steps.push_back(step_from_name(name).value());
  return steps;
}

std::vector<float> apply_to(const PreprocessPlan& plan, const std::vector<std::int64_t>& rows) {
  const auto images = golden_images();
  const auto numbers = static_cast<std::size_t>(plan.channels() * kSide * kSide);
  std::vector<float> result(rows.size() * numbers);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto image =
        std::span(images).subspan(static_cast<std::size_t>(rows[i] * kImageBytes), kImageBytes);
    plan.apply(image, std::span(result).subspan(i * numbers, numbers));
  }
  return result;
}

TEST(PreprocessPlan, EqualsNumpyRoundedOnceToFloat32) {
  const auto expected = golden();
  const auto content = golden_content();
  const SplitStatistics train = compute_statistics(content.images, content.indices[0]);
  for (const auto& sample : expected.at("cases")) {
    const std::size_t split = sample.at("split") == "train" ? 0 : 1;
    const SplitStatistics own = compute_statistics(content.images, content.indices[split]);
    const PreprocessPlan plan({steps_of(sample.at("steps")), train}, own);
    EXPECT_EQ(plan.channels(), sample.at("shape")[1].get<std::int64_t>());
    const auto result = apply_to(plan, content.indices[split]);
    double sum = 0.0;
    for (const float x : result) sum += static_cast<double>(x);
    const auto n = static_cast<double>(result.size());
    EXPECT_NEAR(sum / n, sample.at("sum").get<double>() / n, 0x1.0p-25);
    for (std::size_t i = 0; i < sample.at("at").size(); ++i) {
      const double value = sample.at("values")[i];
      // Half a unit in the last place of float32, and what float64 leaves near zero.
      const double tolerance = std::abs(value) * 0x1.0p-24 + 1e-14;
      ASSERT_NEAR(result[sample.at("at")[i].get<std::size_t>()], value, tolerance) << sample.at("steps");
    }
  }
}

TEST(Statistics, EqualNumpysOfEverySplit) {
  const auto expected = golden().at("statistics");
  const auto content = golden_content();
  for (const Split split : {Split::train, Split::val, Split::test}) {
    const SplitStatistics numpy = golden_statistics(expected.at(split_name(split)));
    const auto own = compute_statistics(content.images, content.indices[static_cast<std::size_t>(split)]);
    EXPECT_EQ(own.min, numpy.min);
    EXPECT_EQ(own.max, numpy.max);
    EXPECT_NEAR(own.grey_min, numpy.grey_min, 1e-15);
    EXPECT_NEAR(own.grey_max, numpy.grey_max, 1e-15);
    EXPECT_NEAR(own.grey_mean, numpy.grey_mean, 1e-14);
    EXPECT_NEAR(own.grey_stddev, numpy.grey_stddev, 1e-14);
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(own.mean[c], numpy.mean[c], 1e-14);
      EXPECT_NEAR(own.stddev[c], numpy.stddev[c], 1e-14);
    }
  }
}

TEST(PreprocessPlan, MapsConstantSplitsToZero) {
  const std::vector<std::uint8_t> image(kImageBytes, 77);
  const std::vector<std::int64_t> rows{0};
  const SplitStatistics constant = compute_statistics(image, rows);
  for (const auto& steps : std::vector<std::vector<PreprocessStep>>{
           {minmax}, {minmax_per_split}, {standardize}, {greyscale, minmax}, {greyscale, standardize}}) {
    const PreprocessPlan plan({steps, constant}, constant);
    std::vector<float> result(static_cast<std::size_t>(plan.channels() * kSide * kSide), 5.0F);
    plan.apply(image, result);
    for (const float x : result) ASSERT_NEAR(x, 0.0F, 1e-15F) << step_name(steps[0]);
  }
}

TEST(PreprocessPlan, TakesImagesOfAnySizeAndPutsChannelsFirst) {
  const PreprocessPlan plan({{}, {}}, {});
  const std::vector<std::uint8_t> two_pixels{0, 51, 102, 153, 204, 255};
  std::vector<float> chw(6);
  plan.apply(two_pixels, chw);
  EXPECT_EQ(chw, (std::vector<float>{0.0F, 0.6F, 0.2F, 0.8F, 0.4F, 1.0F}));
  chw.resize(5);
  EXPECT_THROW(plan.apply(two_pixels, chw), Error);
  EXPECT_THROW(plan.apply(std::span(two_pixels).first(5), chw), Error);
}

TEST(PreprocessPlan, RoundsEveryByteOnce) {
  std::vector<std::uint8_t> image;  // Each byte in each channel, and an odd number of pixels.
  for (std::size_t i = 0; i < 257; ++i) image.insert(image.end(), {std::uint8_t(i), std::uint8_t(i * 7), 3});
  SplitStatistics narrow;
  narrow.min = 0.0, narrow.max = 253.0 / 255.0;
  SplitStatistics shifted = narrow;
  shifted.min = 2.0 / 255.0;
  std::vector<float> chw(image.size());
  for (const auto& train : {SplitStatistics{}, narrow, shifted}) {
    const double low = train.min, range = train.max > train.min ? train.max - train.min : 1.0;
    const PreprocessPlan plan({{minmax}, train}, train);
    plan.apply(image, chw);
    for (std::size_t i = 0; i < image.size(); ++i) {
      const double value = (static_cast<double>(image[i]) / 255.0 - low) / range;
      ASSERT_EQ(chw[i % 3 * 257 + i / 3], static_cast<float>(value)) << int{image[i]} << " of " << range;
    }
  }
}

TEST(PreprocessPlan, RefusesOrdersWhoseNumbersAreNotKnown) {
  const auto fault = [](std::vector<PreprocessStep> steps) {
    try {
      const PreprocessPlan plan({std::move(steps), {}}, {});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::config);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(fault({greyscale, minmax, greyscale}),
            "the preprocessing is not possible: greyscale comes twice");
  EXPECT_EQ(fault({standardize, minmax}),
            "the preprocessing is not possible: minmax comes after standardize, which "
            "must be the last step");
  EXPECT_EQ(fault({minmax, greyscale, standardize}), "no error");
}

TEST(PreprocessStepName, GoesBothWays) {
  for (const auto step : {greyscale, minmax_per_split, minmax, standardize}) {
    EXPECT_EQ(step_from_name(step_name(step)), step);
  }
  EXPECT_EQ(step_name(minmax_per_split), "minmax_per_split");
  EXPECT_EQ(step_from_name("grayscale"), std::nullopt);
}

Preprocessing sample() {
  const auto content = golden_content();
  return {{greyscale, minmax}, compute_statistics(content.images, content.indices[0])};
}

TEST(PreprocessingJson, BringsEveryDoubleBackExactly) {
  const std::string text = preprocessing_to_json(sample());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(preprocessing_from_json(text, "m", ExitCode::model), sample());
  EXPECT_EQ(preprocessing_from_json(preprocessing_to_json({}), "m", ExitCode::model), Preprocessing{});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(PreprocessingJson, RefusesAnythingElse) {
  const auto fault = [](const std::string& text) {
    try {
      preprocessing_from_json(text, "m", ExitCode::model);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::model);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string good = preprocessing_to_json(sample());
  EXPECT_EQ(fault("{}"), "'m': the preprocessing is not an object of 'steps' and 'train'");
  EXPECT_EQ(fault(replaced(good, "[\"greyscale\"", "[\"blur\"")),
            "'m': the preprocessing has the unknown step \"blur\"");
  EXPECT_EQ(fault(replaced(good, "[\"greyscale\"", "[1")), "'m': the preprocessing has the unknown step 1");
  EXPECT_EQ(fault(replaced(good, "\"minmax\"", "\"greyscale\"")),
            "'m': the preprocessing is not possible: greyscale comes twice");
  EXPECT_EQ(fault(replaced(good, "\"min\":", "\"minimum\":")), "'m': the statistics lack 'min'");
  EXPECT_EQ(fault(replaced(good, "\"min\":", "\"x\":1,\"min\":")), "'m': the statistics have an unknown key");
  EXPECT_EQ(fault(replaced(good, "\"min\":", "\"min\":true,\"x\":")),
            "'m': the statistics need a number at 'min'");
  EXPECT_EQ(fault(replaced(good, "\"mean\":[", "\"mean\":[1,")),
            "'m': the statistics need three numbers at 'mean'");
  EXPECT_EQ(fault(replaced(good, "\"grey_min\":", "\"grey_min\":5")),
            "'m': the statistics contradict themselves");
  EXPECT_NE(fault(replaced(good, "\"min\":", "\"max\":1,\"min\":")), "no error") << "a duplicate key";
  EXPECT_NE(fault(good.substr(0, good.size() - 1)), "no error");
}

}  // namespace
}  // namespace svhn::data
