#include "formats/file_kind.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using namespace std::string_literals;

FileKind kind_of(const std::string& bytes) {
  return kind_of_bytes(std::as_bytes(std::span(bytes)));
}

TEST(FileKind, IsToldByContent) {
  EXPECT_EQ(kind_of(""), FileKind::empty);
  EXPECT_EQ(kind_of("hello"), FileKind::unknown);
  EXPECT_EQ(kind_of("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), FileKind::lfs_pointer);
  EXPECT_EQ(kind_of("\n <!DOCTYPE html><html>"), FileKind::web_page);
  EXPECT_EQ(kind_of("\x89HDF\r\n\x1a\n the group model_weights"), FileKind::keras_hdf5);
  EXPECT_EQ(kind_of("\x89HDF\r\n\x1a\n X_train"), FileKind::hdf5);
  EXPECT_EQ(kind_of("MATLAB 7.3 MAT-file, Platform"), FileKind::matlab_7_3);
  EXPECT_EQ(kind_of("MATLAB 7.3 MAT-file, Platform … digitStruct"), FileKind::digit_struct);
  EXPECT_EQ(kind_of("MATLAB 5.0 MAT-file, Platform"), FileKind::matlab_5);
  EXPECT_EQ(kind_of("PK\3\4 config.json PK\1\2 metadata.json"), FileKind::keras_archive);
  EXPECT_EQ(kind_of("PK\3\4 archive/data.pkl"), FileKind::torch_archive);
  EXPECT_EQ(kind_of("PK\3\4 X.npy"), FileKind::numpy_archive);
  EXPECT_EQ(kind_of("PK\3\4 readme.txt"), FileKind::zip);
  EXPECT_EQ(kind_of("\x93NUMPY\1\0"s), FileKind::numpy_array);
  EXPECT_EQ(kind_of("\x08\x01\x12\xff\x01\x0a"s), FileKind::saved_model);
  EXPECT_EQ(kind_of("model_checkpoint_path: \"ckpt-1\""), FileKind::tensorflow_checkpoint);
  EXPECT_EQ(kind_of("\x08\x08\x12\x07pytorch"), FileKind::onnx);
  EXPECT_EQ(kind_of("\x1c\0\0\0TFL3"s), FileKind::tflite);
  EXPECT_EQ(kind_of("PAR1"), FileKind::parquet);
  EXPECT_EQ(kind_of(std::string(257, 'a') + "ustar"), FileKind::tar);
  EXPECT_EQ(kind_of("\x80\x04}."), FileKind::pickle);
  EXPECT_EQ(kind_of("\x80\x02 ctorch._utils\n_rebuild_tensor_v2\n"), FileKind::torch_pickle);
  EXPECT_EQ(kind_of("{\"class_name\": \"Sequential\"}"), FileKind::json);
}

TEST(FileKind, OfSafetensorsIsToldWhateverItsLengthIs) {
  // Header lengths whose bytes are those of gzip, of a SavedModel and of a pickle.
  for (const std::string& start : {"\x1f\x8b"s, "\x08\x01\x12"s, "\x80\x04"s})
    EXPECT_EQ(kind_of(start + std::string(8 - start.size(), '\0') + "{}"), FileKind::safetensors);
}

TEST(FileKind, OfAFolderIsToldByItsFiles) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(kind_of_file(folder.path(), core::ExitCode::data), FileKind::unknown);
  folder.write("saved_model.pb", "x");
  EXPECT_EQ(kind_of_file(folder.path(), core::ExitCode::data), FileKind::saved_model);
}

TEST(FileKind, EachHasANameAndSomethingToDo) {
  for (int number = 1; number <= static_cast<int>(FileKind::json); ++number) {
    const auto kind = static_cast<FileKind>(number);
    EXPECT_FALSE(kind_name(kind).empty()) << number;
    const bool known_to_all = kind == FileKind::safetensors || kind == FileKind::json;
    EXPECT_EQ(kind_advice(kind).empty(), known_to_all) << number;
  }
  EXPECT_EQ(kind_name(FileKind::unknown), "");
}

}  // namespace
}  // namespace svhn::formats
