#include "data/augment/affine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "unit/data/augment/augment_test_picture.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;

// Expected values: tests/parity/augment_golden.json, made by augment_golden.py with numpy 1.24 and
// scipy 1.10.
nlohmann::json golden() {
  return core::read_json_file(SVHN_SOURCE_DIR "/tests/parity/augment_golden.json", ExitCode::data);
}

Fill fill_of(const std::string& name) {
  if (name == "constant") return Fill::constant;
  if (name == "reflect") return Fill::reflect;
  return name == "wrap" ? Fill::wrap : Fill::nearest;
}

AffineParameters parameters_of(const nlohmann::json& json) {
  return {json.at("rotation_degrees"), json.at("shift_rows"), json.at("shift_columns"),
          json.at("shear_degrees"),    json.at("zoom_rows"),  json.at("zoom_columns")};
}

ImageShape shape_of(const nlohmann::json& json) {
  return {json.at(0), json.at(1), json.at(2)};
}

TEST(AffineMatrix, EqualsNumpysProductOfKerasFactors) {
  for (const auto& sample : golden()) {
    const ImageShape shape = shape_of(sample.at("shape"));
    const auto matrix = affine_matrix(parameters_of(sample.at("parameters")), shape.height, shape.width);
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      ASSERT_NEAR(matrix[i], sample.at("matrix")[i].get<double>(), 1e-11) << sample.at("parameters") << i;
    }
  }
}

TEST(AffineMatrix, LeavesTheCentreInPlaceWithoutAShift) {
  // The centre of 32 rows and 8 columns is (15.5, 3.5).
  const auto m = affine_matrix({30.0, 0.0, 0.0, 10.0, 0.7, 1.2}, 32, 8);
  EXPECT_NEAR(m[0] * 15.5 + m[1] * 3.5 + m[2], 15.5, 1e-12);
  EXPECT_NEAR(m[3] * 15.5 + m[4] * 3.5 + m[5], 3.5, 1e-12);
}

TEST(ApplyAffine, EqualsScipyForEveryFill) {
  for (const auto& sample : golden()) {
    const ImageShape shape = shape_of(sample.at("shape"));
    auto picture = test_picture(shape);
    const auto matrix = affine_matrix(parameters_of(sample.at("parameters")), shape.height, shape.width);
    apply_affine(picture, shape, matrix, fill_of(sample.at("fill")), sample.at("fill_value"));
    double sum = 0.0;
    for (const float x : picture) sum += static_cast<double>(x);
    EXPECT_NEAR(sum, sample.at("sum").get<double>(), 1e-4) << sample.at("parameters") << sample.at("fill");
    for (std::size_t i = 0; i < sample.at("at").size(); ++i) {
      ASSERT_NEAR(picture[sample.at("at")[i].get<std::size_t>()], sample.at("values")[i].get<double>(), 1e-6)
          << sample.at("parameters") << sample.at("fill");
    }
  }
}

/// A row of four pixels moved by `columns`.
std::vector<float> shifted(double columns, Fill fill) {
  std::vector<float> row{1, 2, 3, 4};
  apply_affine(row, {1, 1, 4}, {1, 0, 0, 0, 1, columns}, fill, 9.0);
  return row;
}

TEST(ApplyAffine, FillsWhatLiesOutsideAsScipyNamesIt) {
  EXPECT_EQ(shifted(2, Fill::nearest), (std::vector<float>{3, 4, 4, 4}));
  EXPECT_EQ(shifted(2, Fill::constant), (std::vector<float>{3, 4, 9, 9}));
  EXPECT_EQ(shifted(2, Fill::reflect), (std::vector<float>{3, 4, 4, 3}));
  EXPECT_EQ(shifted(-5, Fill::reflect), (std::vector<float>{4, 4, 3, 2}));
  // Period n - 1: coordinate 4 is coordinate 1, coordinate 5 is coordinate 2.
  EXPECT_EQ(shifted(2, Fill::wrap), (std::vector<float>{3, 4, 2, 3}));
  // No interpolation beyond the outermost centres: coordinate 3.5 is outside.
  EXPECT_EQ(shifted(0.5, Fill::constant), (std::vector<float>{1.5, 2.5, 3.5, 9}));
  EXPECT_EQ(shifted(0.5, Fill::nearest), (std::vector<float>{1.5, 2.5, 3.5, 4}));
}

TEST(ApplyAffine, LeavesEveryBitUnderTheIdentity) {
  const ImageShape shape{3, 32, 32};
  for (const Fill fill : {Fill::nearest, Fill::constant, Fill::reflect, Fill::wrap}) {
    auto picture = test_picture(shape);
    apply_affine(picture, shape, affine_matrix({}, 32, 32), fill);
    EXPECT_EQ(picture, test_picture(shape));
  }
}

TEST(ApplyAffine, StaysInsideForFarPlacesAndSinglePixels) {
  for (const Fill fill : {Fill::nearest, Fill::constant, Fill::reflect, Fill::wrap}) {
    for (const double far : {-9e11, -1e6 - 0.25, 1e6 + 0.25, 9e11}) {
      auto picture = test_picture({1, 5, 3});
      apply_affine(picture, {1, 5, 3}, {1, 0, far, 0, 1, -far}, fill, 0.5);
      for (const float x : picture) EXPECT_TRUE(x >= 0.0F && x <= 1.0F);
      std::vector<float> pixel{0.5F};
      apply_affine(pixel, {1, 1, 1}, {1, 0, far, 0, 1, far}, fill, 0.5);
      EXPECT_EQ(pixel[0], 0.5F);
    }
  }
}

TEST(ApplyAffine, RefusesNumbersThatAreNotFiniteAndWrongSizes) {
  std::vector<float> row{1, 2, 3, 4};
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_THROW(apply_affine(row, {1, 1, 4}, {1, 0, 0, 0, 1, bad}, Fill::nearest), Error);
  }
  EXPECT_THROW(apply_affine(row, {1, 1, 5}, {1, 0, 0, 0, 1, 0}, Fill::nearest), Error);
  EXPECT_EQ(row, (std::vector<float>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace svhn::data
