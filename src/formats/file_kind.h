#pragma once
/// Recognises what people bring by its content, so that what is not read is refused by its name.

#include <filesystem>
#include <span>
#include <string_view>

#include "core/error.h"

namespace svhn::formats {

enum class FileKind {
  unknown,
  empty,
  lfs_pointer,
  web_page,
  keras_hdf5,  ///< A model or weights.
  hdf5,
  matlab_7_3,
  digit_struct,  ///< SVHN's list of boxes, a MATLAB 7.3 file.
  matlab_5,
  keras_archive,
  torch_archive,
  numpy_archive,
  zip,
  numpy_array,
  saved_model,  ///< A folder, or its saved_model.pb.
  tensorflow_checkpoint,
  onnx,
  tflite,
  parquet,
  gzip,
  bzip2,
  xz,
  zstd,
  tar,
  picture,
  pickle,
  torch_pickle,  ///< A pickle that holds PyTorch's tensors, not written by torch.save.
  torch_legacy,  ///< Written by torch.save before PyTorch 1.6.
  safetensors,
  json,
};

/// @returns the kind that the bytes of a file show. A safetensors file may still be damaged.
FileKind kind_of_bytes(std::span<const std::byte> bytes);

/// @param path a file or a folder. @throws core::Error(code) when it cannot be read.
FileKind kind_of_file(const std::filesystem::path& path, core::ExitCode code);

/// @returns what it is, for "'FILE' is …": "a MATLAB 7.3 file"; "" for an unknown one.
std::string_view kind_name(FileKind kind);

/// @returns what the user can do with a file of that kind that a command does not read; "" for an unknown
/// one.
std::string_view kind_advice(FileKind kind);

}  // namespace svhn::formats
