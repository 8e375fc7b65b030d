#pragma once
/// safetensors: a JSON header and raw little-endian arrays, read through a memory map and written atomically.
/// Files of this program have checksums in the metadata, which this reader verifies and
/// Python readers ignore.
/// @see https://github.com/huggingface/safetensors (README, "Format")

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "formats/dtype.h"

namespace svhn::formats {

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;  ///< Row-major; empty for a scalar.
  std::size_t offset = 0;           ///< Offset from the start of the data part, bytes.
  std::size_t bytes = 0;
};

/// An array to write; `bytes` must stay valid until the file is written.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// A safetensors file opened for reading; the constructor reads only the header. The checksum (XXH3-64) of
/// each 1 MiB piece of a tensor is verified at its first access, once. Safe to use from several threads.
class SafetensorsFile {
 public:
  /// @param code exit code of a failure: `data` or `model`.
  /// @throws Error(code) for a missing or truncated file, a header that is too long, not strict JSON, has
  /// duplicate names, unknown types, negative or overflowing shapes, offsets outside the file, overlaps or
  /// gaps, or does not match its checksum (where the file has checksums). Messages name file and tensor.
  SafetensorsFile(const std::filesystem::path& path, core::ExitCode code);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  [[nodiscard]] const std::vector<TensorInfo>& tensors() const;  ///< In file order.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  [[nodiscard]] bool has_checksums() const;
  [[nodiscard]] const TensorInfo* find(const std::string& name) const;
  /// @param shape entries of -1 match any length.
  /// @throws Error(code) naming the tensor when it is missing, or has another dtype, rank or shape.
  const TensorInfo& require(const std::string& name, DType dtype,
                            const std::vector<std::int64_t>& shape) const;
  /// @returns all bytes of a tensor, verified. @throws Error(code) when a checksum does not match.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const;
  /// @returns bytes [begin, begin + length) of a tensor; verifies only the 1 MiB pieces that contain them.
  std::span<const std::byte> bytes(const TensorInfo& tensor, std::size_t begin, std::size_t length) const;
  /// Verifies every byte of the file. @throws Error(code)
  void verify() const;
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes a safetensors file with checksums, atomically. The same content gives the same bytes: tensors are
/// ordered by descending item size, then name; metadata keys are sorted; no time or path is written.
/// @throws Error(code) when the file cannot be written; an existing file then stays unchanged.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata, core::ExitCode code);

}  // namespace svhn::formats
