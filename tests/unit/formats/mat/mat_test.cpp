#include "formats/mat/mat.h"

#include <gtest/gtest.h>
#include <matio.h>

#include <array>
#include <cstring>

#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using test::TemporaryFolder;

/// Writes one 2x3 array of doubles 0..5 through matio.
std::filesystem::path write_doubles(const TemporaryFolder& folder, matio_compression compression,
                                    const std::vector<std::string>& names = {"numbers"}) {
  const auto path = folder.path() / "a.mat";
  mat_t* file = Mat_CreateVer(path.c_str(), "MATLAB 5.0 MAT-file, test", MAT_FT_MAT5);
  std::array<double, 6> values{0, 1, 2, 3, 4, 5};
  std::array<std::size_t, 2> shape{2, 3};
  for (const std::string& name : names) {
    matvar_t* variable =
        Mat_VarCreate(name.c_str(), MAT_C_DOUBLE, MAT_T_DOUBLE, 2, shape.data(), values.data(), 0);
    Mat_VarWrite(file, variable, compression);
    Mat_VarFree(variable);
  }
  Mat_Close(file);
  return path;
}

std::string refusal(const std::filesystem::path& path) {
  try {
    const MatFile file(path);
    for (const MatVariable& variable : file.variables()) static_cast<void>(file.read(variable));
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    return "'FILE" + std::string(error.what()).substr(1 + path.string().size());
  }
  return "no error";
}

TEST(MatFile, ListsAndReadsArrays) {
  for (const auto compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
    const TemporaryFolder folder;
    const MatFile file(write_doubles(folder, compression, {"first", "second"}));
    ASSERT_EQ(file.variables().size(), 2U);
    EXPECT_EQ(file.find("third"), nullptr);
    const MatVariable* second = file.find("second");
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(second->dtype, DType::f64);
    EXPECT_EQ(second->compressed, compression == MAT_COMPRESSION_ZLIB);
    const auto bytes = file.read(*second);
    std::array<double, 6> values{};
    ASSERT_EQ(bytes.size(), sizeof(values));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    EXPECT_EQ(values, (std::array<double, 6>{0, 1, 2, 3, 4, 5}));
  }
}

TEST(MatFile, RefusesWhatHoldsNoRealNumbers) {
  const TemporaryFolder folder;
  const std::string good = test::read_bytes(write_doubles(folder, MAT_COMPRESSION_NONE));
  const std::size_t flags = 128 + 8 + 8;  // Behind the file's header and two tags: class, then flag bits.
  for (const int matlab_class :
       {1, 2, 3, 4, 5, 16, 17, 255}) {  // cell, struct, object, char, sparse, function, opaque
    std::string bad = good;
    bad[flags] = static_cast<char>(matlab_class);
    EXPECT_EQ(refusal(folder.write("b.mat", bad)), "'FILE' byte 128: an array of MATLAB class " +
                                                       std::to_string(matlab_class) +
                                                       ", which holds no numbers");
  }
  std::string complex = good;
  complex[flags + 1] = 0x08;
  EXPECT_EQ(refusal(folder.write("b.mat", complex)), "'FILE' byte 128: an array of complex numbers");
}

TEST(MatFile, RefusesTwoArraysOfOneName) {
  const TemporaryFolder folder;
  // matio will not write such a file, so the second name is changed afterwards.
  std::string bytes = test::read_bytes(write_doubles(folder, MAT_COMPRESSION_NONE, {"first", "other"}));
  bytes.replace(bytes.find("other"), 5, "first");
  EXPECT_EQ(refusal(folder.write("b.mat", bytes)), "'FILE': two arrays named 'first'");
}

TEST(MatFile, NoticesAWrongChecksum) {
  const TemporaryFolder folder;
  std::string bytes = test::read_bytes(write_doubles(folder, MAT_COMPRESSION_ZLIB));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);  // zlib's Adler-32 stands last.
  EXPECT_EQ(refusal(folder.write("b.mat", bytes)), "'FILE' byte 128: compressed data that is damaged");
}

TEST(MatFile, RefusesPromisesBeyondWhatDeflateCanPack) {
  // A real stream of zlib whose content says: array 'X', u8 [32,32,3,10000], 31 MB to come.
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "huge.mat";
  mat_t* file = Mat_CreateVer(path.c_str(), "MATLAB 5.0 MAT-file, test", MAT_FT_MAT5);
  std::array<std::size_t, 4> shape{32, 32, 3, 10'000};
  std::vector<std::uint8_t> zeros(shape[0] * shape[1] * shape[2] * shape[3]);
  matvar_t* variable =
      Mat_VarCreate("X", MAT_C_UINT8, MAT_T_UINT8, 4, shape.data(), zeros.data(), MAT_F_DONT_COPY_DATA);
  Mat_VarWrite(file, variable, MAT_COMPRESSION_ZLIB);
  Mat_VarFree(variable);
  Mat_Close(file);
  std::string bytes = test::read_bytes(path);
  bytes.resize(1000);
  const std::uint32_t stored = 1000 - 136;
  std::memcpy(bytes.data() + 132, &stored, 4);
  EXPECT_EQ(refusal(folder.write("b.mat", bytes)), "'FILE' byte 128: an array larger than the file can hold");
}

}  // namespace
}  // namespace svhn::formats
