#pragma once
/// safetensors: a JSON header and raw little-endian arrays, read through a memory map, written atomically,
/// with checksums in the metadata that Python readers ignore and this reader insists on in files of our own.
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
  std::size_t offset = 0;           ///< From the start of the data part.
  std::size_t bytes = 0;
};

/// An array to write; `bytes` is borrowed until the write is done.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// A safetensors file opened for reading. Opening costs the header alone, whatever the file's size.
/// Checksums (XXH3-64 of the header, and of every 1 MiB of every tensor) are checked when bytes are first
/// asked for, once each; safe to use from several threads.
class SafetensorsFile {
 public:
  /// @param code what a damaged file counts as: `data` or `model`.
  /// @throws Error(code) for a missing or truncated file, a header that is too long, not strict JSON, has
  /// duplicate names, unknown types, negative or overflowing shapes, offsets outside the file, overlaps or
  /// holes, or (where the file carries checksums) does not match its own checksum. Messages name file and
  /// tensor.
  SafetensorsFile(const std::filesystem::path& path, core::ExitCode code);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  [[nodiscard]] const std::vector<TensorInfo>& tensors() const;  ///< In file order.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  [[nodiscard]] bool has_checksums() const;
  [[nodiscard]] const TensorInfo* find(const std::string& name) const;
  /// @throws Error(code) naming the tensor when it is missing, or of another dtype or rank/shape
  /// (`shape` entries of -1 match any length).
  const TensorInfo& require(const std::string& name, DType dtype,
                            const std::vector<std::int64_t>& shape) const;
  /// @returns all bytes of a tensor, verified. @throws Error(code) when a checksum does not match.
  std::span<const std::byte> bytes(const TensorInfo& tensor) const;
  /// @returns bytes [begin, begin + length) of a tensor; verifies only the 1 MiB pieces they touch.
  std::span<const std::byte> bytes(const TensorInfo& tensor, std::size_t begin, std::size_t length) const;
  /// Verifies every byte of the file. @throws Error(code)
  void verify() const;
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes a safetensors file with checksums, atomically. Same content, same bytes: tensors are laid out by
/// descending alignment, then name; metadata keys are sorted; nothing of time or place enters.
/// @throws Error(code) when the file cannot be written; what was there before then stays whole.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata, core::ExitCode code);

}  // namespace svhn::formats
