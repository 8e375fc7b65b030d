#include "formats/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/file.h"

namespace svhn::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConvert = "'svhn convert --input FILE --output OUT.safetensors' reads it";
constexpr std::string_view kDecompress = "decompress it first";
constexpr std::string_view kAgain = "fetch the file again";
constexpr std::string_view kPickleIt =
    "save images and labels in Python: pickle.dump((X, y), open('digits.pkl', 'wb')), X as [N,32,32,3]";
constexpr std::string_view kConvertOnnx =
    "'svhn convert --input FILE --output OUT.safetensors' reads those that 'svhn export' wrote";
constexpr std::string_view kSaveKeras = "save the model in Keras: model.save('NAME.keras')";
constexpr std::string_view kTorchSave = "save it with torch.save(state_dict, 'weights.pth')";

struct KindRow {
  FileKind kind;
  std::string_view name;
  std::string_view advice;
};

constexpr std::array<KindRow, 30> kKinds{{
    {FileKind::unknown, "", ""},
    {FileKind::empty, "empty", kAgain},
    {FileKind::lfs_pointer, "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"},
    {FileKind::web_page, "a web page", kAgain},
    {FileKind::keras_hdf5, "a Keras file (HDF5)", kConvert},
    {FileKind::hdf5, "an HDF5 file", kPickleIt},
    {FileKind::matlab_7_3, "a MATLAB 7.3 file", "save it in MATLAB with save(file, 'X', 'y', '-v7')"},
    {FileKind::digit_struct, "a list of boxes in full pictures (digitStruct.mat)",
     "use SVHN's cropped digits, train_32x32.mat and test_32x32.mat"},
    {FileKind::matlab_5, "a MATLAB 5 file", "'svhn preprocess' reads digits from it"},
    {FileKind::keras_archive, "a Keras model (.keras)", kConvert},
    {FileKind::torch_archive, "a PyTorch checkpoint", kConvert},
    {FileKind::numpy_archive, "a NumPy archive (.npz)", kPickleIt},
    {FileKind::zip, "a zip archive", "unpack it first"},
    {FileKind::numpy_array, "a NumPy array (.npy)", kPickleIt},
    {FileKind::saved_model, "a TensorFlow SavedModel", kSaveKeras},
    {FileKind::tensorflow_checkpoint, "a TensorFlow checkpoint", kSaveKeras},
    {FileKind::onnx, "an ONNX model", kConvertOnnx},
    {FileKind::tflite, "a TensorFlow Lite model", kSaveKeras},
    {FileKind::parquet, "a Parquet file", kPickleIt},
    {FileKind::gzip, "compressed with gzip", kDecompress},
    {FileKind::bzip2, "compressed with bzip2", kDecompress},
    {FileKind::xz, "compressed with xz", kDecompress},
    {FileKind::zstd, "compressed with zstd", kDecompress},
    {FileKind::tar, "a tar archive", "unpack it first"},
    {FileKind::picture, "a single picture",
     "put pictures into folders named 0 to 9 and name the folder above them; 'svhn predict' reads single "
     "ones"},
    {FileKind::pickle, "a Python pickle",
     "'svhn preprocess' reads digits from it, 'svhn convert' learning curves"},
    {FileKind::torch_pickle, "a pickle of PyTorch's tensors, which torch.save did not write", kTorchSave},
    {FileKind::torch_legacy, "a PyTorch checkpoint", kConvert},
    {FileKind::safetensors, "a safetensors file", ""},
    {FileKind::json, "JSON text", ""},
}};

const KindRow& row_of(FileKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& row) { return row.kind == kind; });
}

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  FileKind kind;
};

using namespace std::string_view_literals;

constexpr std::array<Magic, 19> kMagics{{
    {0, "version https://git-lfs.github.com/spec/"sv, FileKind::lfs_pointer},
    {0, "MATLAB 5.0 MAT-file"sv, FileKind::matlab_5},
    {0, "\x93NUMPY"sv, FileKind::numpy_array},
    {0, "model_checkpoint_path:"sv, FileKind::tensorflow_checkpoint},
    {4, "TFL3"sv, FileKind::tflite},
    {0, "PAR1"sv, FileKind::parquet},
    {0, "\x1F\x8B"sv, FileKind::gzip},
    {0, "BZh"sv, FileKind::bzip2},
    {0,
     "\xFD"
     "7zXZ"sv,
     FileKind::xz},
    {0, "\x28\xB5\x2F\xFD"sv, FileKind::zstd},
    {257, "ustar"sv, FileKind::tar},
    {0, "\x89PNG"sv, FileKind::picture},
    {0, "\xFF\xD8\xFF"sv, FileKind::picture},
    {0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv, FileKind::torch_legacy},
    // The first fields of protocol buffers: SavedModel's schema version 1 and its graph, ONNX' version of 3
    // to 12 and its producer.
    {0, "\x08\x01\x12"sv, FileKind::saved_model},
    {0, "PK\x05\x06"sv, FileKind::zip},
    {0, "PK\x03\x04"sv, FileKind::zip},
    {0, "MATLAB 7.3 MAT-file"sv, FileKind::matlab_7_3},
    {0, "\x89HDF\r\n\x1A\n"sv, FileKind::hdf5},
}};

FileKind magic_of(std::string_view text) {
  for (const Magic& magic : kMagics) {
    if (text.size() > magic.offset && text.substr(magic.offset).starts_with(magic.bytes)) return magic.kind;
  }
  return FileKind::unknown;
}

constexpr std::size_t kPart = std::size_t{1} << 20;  // Names of a large file are at its ends,
constexpr std::size_t kSearched = 64 * kPart;        // but HDF5's may be anywhere.

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// @returns the kind of an archive by its names: the directory is at its end, and is missing where the file
/// was cut off. A checkpoint's pickle lies in a folder.
FileKind zip_kind(std::string_view text) {
  const std::string_view begin = text.substr(0, kPart),
                         end = text.substr(text.size() - std::min(text.size(), kPart));
  const auto holds = [&](std::string_view name) { return has(begin, name) || has(end, name); };
  if (holds("/data.pkl")) return FileKind::torch_archive;
  if (holds("model.weights.h5") || (holds("config.json") && holds("metadata.json")))
    return FileKind::keras_archive;
  return holds(".npy") ? FileKind::numpy_archive : FileKind::zip;
}

FileKind hdf5_kind(std::string_view text) {
  for (const std::string_view name : {"model_config", "layer_names", "weight_names", "model_weights"}) {
    if (has(text.substr(0, kSearched), name)) return FileKind::keras_hdf5;
  }
  return FileKind::hdf5;
}

/// The text that a human would read first.
std::string start_of_text(std::string_view text) {
  constexpr std::size_t kStart = 16;
  const std::size_t first = std::min(text.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), text.size());
  std::string start(text.substr(first, kStart));
  std::transform(start.begin(), start.end(), start.begin(), [](unsigned char c) { return std::tolower(c); });
  return start;
}

bool is_onnx(std::string_view text) {
  return text.size() > 5 && text[0] == '\x08' && text[1] >= 3 && text[1] <= 12 && text[2] == '\x12' &&
         text[3] > 0 && std::isalpha(static_cast<unsigned char>(text[4])) != 0;
}

bool is_safetensors(std::string_view text) {
  std::uint64_t length = 0;
  if (text.size() < sizeof(length) + 2 || text[sizeof(length)] != '{') return false;
  std::memcpy(&length, text.data(), sizeof(length));
  return length >= 2 && length <= 100'000'000;
}

FileKind text_kind(std::string_view text) {
  const bool pickle = text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5;
  if (pickle) return has(text.substr(0, kPart), "torch._utils") ? FileKind::torch_pickle : FileKind::pickle;
  if (is_onnx(text)) return FileKind::onnx;
  const std::string start = start_of_text(text);
  if (start.starts_with("<!doctype html") || start.starts_with("<html")) return FileKind::web_page;
  return start.starts_with("{") ? FileKind::json : FileKind::unknown;
}

}  // namespace

FileKind kind_of_bytes(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return FileKind::empty;
  // First of all: its length may be any of the other formats' numbers.
  if (is_safetensors(text)) return FileKind::safetensors;
  switch (const FileKind kind = magic_of(text)) {
    case FileKind::unknown:
      return text_kind(text);
    case FileKind::zip:
      return zip_kind(text);
    case FileKind::hdf5:
      return hdf5_kind(text);
    case FileKind::matlab_7_3:
      return has(text.substr(0, kSearched), "digitStruct") ? FileKind::digit_struct : kind;
    default:
      return kind;
  }
}

FileKind kind_of_file(const fs::path& path, core::ExitCode code) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return fs::exists(path / "saved_model.pb", error) ? FileKind::saved_model : FileKind::unknown;
  return kind_of_bytes(core::MappedFile(path, code).bytes());
}

std::string_view kind_name(FileKind kind) {
  return row_of(kind).name;
}

std::string_view kind_advice(FileKind kind) {
  return row_of(kind).advice;
}

}  // namespace svhn::formats
