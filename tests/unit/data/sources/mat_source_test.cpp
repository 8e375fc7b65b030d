#include "data/sources/mat_source.h"

#include <gtest/gtest.h>
#include <matio.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

#include "data/prepared.h"
#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::TemporaryFolder;

/// What one test file holds; written by matio.
struct Sample {
  std::vector<std::size_t> x_shape{32, 32, 3, 4};
  std::vector<std::size_t> y_shape{4, 1};
  std::vector<double> labels{1, 10, 3, 9};
  matio_classes y_class = MAT_C_UINT8;
  matio_compression compression = MAT_COMPRESSION_NONE;
  std::string x_name = "X";
};

/// The value at (row, column, channel) of image n; distinct enough to notice any permutation.
std::uint8_t pixel(std::size_t row, std::size_t column, std::size_t channel, std::size_t n) {
  return static_cast<std::uint8_t>(row * 5 + column * 11 + channel * 71 + n * 13);
}

std::vector<std::uint8_t> column_major_images(std::size_t count) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      for (std::size_t column = 0; column < 32; ++column) {
        for (std::size_t row = 0; row < 32; ++row) bytes.push_back(pixel(row, column, channel, n));
      }
    }
  }
  return bytes;
}

void write_array(mat_t* file, const std::string& name, matio_classes matlab_class, matio_types type,
                 std::vector<std::size_t> shape, const void* values, matio_compression compression) {
  matvar_t* variable = Mat_VarCreate(name.c_str(), matlab_class, type, static_cast<int>(shape.size()),
                                     shape.data(), const_cast<void*>(values), 0);
  ASSERT_NE(variable, nullptr);
  ASSERT_EQ(Mat_VarWrite(file, variable, compression), 0);
  Mat_VarFree(variable);
}

template <typename T>
std::vector<std::uint8_t> as_type(const std::vector<double>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

std::filesystem::path write_sample(const TemporaryFolder& folder, const Sample& sample) {
  const auto path = folder.path() / "digits.mat";
  mat_t* file = Mat_CreateVer(path.c_str(), "MATLAB 5.0 MAT-file, test", MAT_FT_MAT5);
  const std::size_t pixels =
      std::accumulate(sample.x_shape.begin(), sample.x_shape.end(), std::size_t{1}, std::multiplies<>());
  std::vector<std::uint8_t> images = column_major_images(pixels / 3072 + 1);
  write_array(file, sample.x_name, MAT_C_UINT8, MAT_T_UINT8, sample.x_shape, images.data(),
              sample.compression);
  std::vector<std::uint8_t> labels = as_type<std::uint8_t>(sample.labels);
  matio_types type = MAT_T_UINT8;
  if (sample.y_class == MAT_C_DOUBLE) {
    labels = as_type<double>(sample.labels);
    type = MAT_T_DOUBLE;
  } else if (sample.y_class == MAT_C_INT32) {
    labels = as_type<std::int32_t>(sample.labels);
    type = MAT_T_INT32;
  } else if (sample.y_class == MAT_C_SINGLE) {
    labels = as_type<float>(sample.labels);
    type = MAT_T_SINGLE;
  }
  write_array(file, "y", sample.y_class, type, sample.y_shape, labels.data(), sample.compression);
  Mat_Close(file);
  return path;
}

/// @returns the message with the path written as FILE.
std::string mat_source_refusal(const std::filesystem::path& path) {
  try {
    read_mat(path);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    EXPECT_FALSE(error.hint().empty());
    return "'FILE" + std::string(error.what()).substr(1 + path.string().size());
  }
  return "no error";
}

std::string mat_source_refusal(const Sample& sample) {
  const TemporaryFolder folder;
  return mat_source_refusal(write_sample(folder, sample));
}

TEST(ReadMat, TurnsColumnMajorPicturesRowMajor) {
  for (const auto compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
    const TemporaryFolder folder;
    Sample sample;
    sample.compression = compression;
    const RawDigits digits = read_mat(write_sample(folder, sample));
    ASSERT_EQ(digits.images.size(), 4U * 3072U);
    for (std::size_t i = 0; i < digits.images.size(); ++i) {
      ASSERT_EQ(digits.images[i], pixel(i / 96 % 32, i / 3 % 32, i % 3, i / 3072)) << i;
    }
    EXPECT_EQ(digits.labels, (std::vector<std::int64_t>{1, 10, 3, 9}));
  }
}

TEST(ReadMat, TakesLabelsOfAnyNumericClassInEitherDirection) {
  for (const auto y_class : {MAT_C_UINT8, MAT_C_INT32, MAT_C_SINGLE, MAT_C_DOUBLE}) {
    const TemporaryFolder folder;
    Sample sample;
    sample.y_class = y_class;
    sample.y_shape = {1, 4};
    EXPECT_EQ(read_mat(write_sample(folder, sample)).labels, (std::vector<std::int64_t>{1, 10, 3, 9}))
        << y_class;
  }
}

TEST(ReadMat, RefusesLabelsThatAreNoWholeNumbers) {
  for (const double bad : {0.5, std::nan(""), std::numeric_limits<double>::infinity(), 1e300}) {
    Sample sample;
    sample.y_class = MAT_C_DOUBLE;
    sample.labels[2] = bad;
    EXPECT_EQ(mat_source_refusal(sample), "'FILE': y is no whole number in row 2");
  }
}

TEST(ReadMat, RefusesWrongShapes) {
  EXPECT_EQ(mat_source_refusal({.x_shape = {32, 32, 1, 4}}), "'FILE': X is U8 [32,32,1,4]");
  EXPECT_EQ(mat_source_refusal({.x_shape = {32, 32, 3}}), "'FILE': X is U8 [32,32,3]");
  EXPECT_EQ(mat_source_refusal({.y_shape = {2, 2}}), "'FILE': y is [2,2] beside 4 images");
  EXPECT_EQ(mat_source_refusal({.y_shape = {3, 1}}), "'FILE': y is [3,1] beside 4 images");
  EXPECT_EQ(mat_source_refusal({.x_name = "pixels"}), "'FILE': no array 'X'");
}

TEST(ReadMat, RefusesDimensionsThatTheFileCannotHold) {
  const TemporaryFolder folder;
  const std::string good = test::read_bytes(write_sample(folder, {}));
  // Dimensions of X: file header 128, tag 8, flags 16, tag 8; the fourth is N.
  const std::size_t n = 128 + 8 + 16 + 8 + 12;
  ASSERT_EQ(good[n], 4);
  std::string bad = good;
  bad[n] = 5;
  EXPECT_EQ(mat_source_refusal(folder.write("a.mat", bad)),
            "'FILE' byte 128: array 'X' whose dimensions and bytes do not fit each other");
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(bad.data() + n - 12 + 4 * i, "\xFF\xFF\xFF\x7F", 4);
  EXPECT_EQ(mat_source_refusal(folder.write("a.mat", bad)),
            "'FILE' byte 128: array dimensions whose product overflows");
  bad = good;
  bad[n + 3] = '\x80';
  EXPECT_EQ(mat_source_refusal(folder.write("a.mat", bad)), "'FILE' byte 128: a negative array dimension");
  bad = good;
  std::memcpy(bad.data() + 132, "\xFF\xFF\xFF\x7F", 4);
  EXPECT_EQ(mat_source_refusal(folder.write("a.mat", bad)),
            "'FILE' byte 128: an element of 2147483647 bytes reaches behind the end of the file");
}

TEST(ReadMat, RefusesOtherFiles) {
  const TemporaryFolder folder;
  EXPECT_EQ(mat_source_refusal(folder.write("a.mat", "hello")), "'FILE': not a MATLAB 5 file");
  std::string big = test::read_bytes(write_sample(folder, {}));
  big[126] = 'M';
  big[127] = 'I';
  EXPECT_EQ(mat_source_refusal(folder.write("a.mat", big)),
            "'FILE': big-endian, written on another kind of machine");
}

TEST(ReadMat, SurvivesDamageToPlainFiles) {
  const TemporaryFolder folder;
  const std::string sample = test::read_bytes(write_sample(folder, {}));
  const auto read = [&folder](std::string_view bytes) { read_mat(folder.write("a.mat", bytes)); };
  EXPECT_EQ(test::read_truncated(sample, read).refused, 64);
  EXPECT_GT(test::read_flipped(sample, 1000, 3, sample.size(), read).read, 900);  // Nearly all hit pixels.
  EXPECT_GT(test::read_flipped(sample, 1000, 4, 256, read).refused, 200);
}

TEST(ReadMat, NoticesEveryFlipInCompressedArrays) {
  const TemporaryFolder folder;
  Sample kind;
  kind.compression = MAT_COMPRESSION_ZLIB;
  const std::string sample = test::read_bytes(write_sample(folder, kind));
  const auto read = [&folder](std::string_view bytes) { read_mat(folder.write("a.mat", bytes)); };
  EXPECT_EQ(test::read_truncated(sample, read).refused, 64);
  // What is read again are flips in the 124 bytes of free text before the version.
  const test::Outcome outcome = test::read_flipped(sample, 2000, 5, sample.size(), read);
  EXPECT_LT(outcome.read, 2000.0 * 124.0 / static_cast<double>(sample.size()) * 1.5);
}

TEST(ReadMat, ReadsTheSamples) {
  const char* const shared = std::getenv("SVHN_SHARED");
  const std::filesystem::path folder = shared != nullptr ? shared : SVHN_SOURCE_DIR "/../shared";
  const auto sample = folder / "data" / "test_32x32.mat";
  if (!std::filesystem::exists(sample)) GTEST_SKIP() << "needs " << sample;
  const RawDigits digits = read_mat(sample);
  ASSERT_EQ(digits.labels.size(), 1000U);
  // numpy: d = scipy.io.loadmat(f); X = d['X'].transpose(3, 0, 1, 2); X[7, 3, 20, 1]; X.sum(); d['y'].sum()
  EXPECT_EQ(digits.images[7 * 3072 + 3 * 96 + 20 * 3 + 1], 126);
  EXPECT_EQ(std::accumulate(digits.images.begin(), digits.images.end(), std::int64_t{0}), 354167882);
  EXPECT_EQ(std::accumulate(digits.labels.begin(), digits.labels.end(), std::int64_t{0}), 4597);
}

}  // namespace
}  // namespace svhn::data
