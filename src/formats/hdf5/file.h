#pragma once
/// HDF5 files: arrays and text attributes by path. The HDF5 C library reads them in a child process, since
/// damaged files crash it. Arrays that the file holds contiguously are then read from a memory map.
///
/// Refused: links and storage outside the file (soft and external links, external or virtual storage),
/// filters other than deflate, shuffle and Fletcher32 (the library's plugins are disabled), more than
/// 32 levels of groups, more than 100,000 objects, and arrays that claim more data than the file's
/// bytes can hold.
/// @see "HDF5 File Format Specification", version 3.0, The HDF Group

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "formats/dtype.h"

namespace svhn::formats {

/// @returns whether the bytes are the beginning of an HDF5 file (which may start with a user block of 512
/// bytes, doubled any number of times).
bool is_hdf5(std::span<const std::byte> file);

/// An array of a file. Its path has no leading '/': "model_weights/dense/dense/kernel:0".
struct Hdf5Dataset {
  std::string path;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;  ///< Row-major; empty for a scalar.
  std::size_t elements = 0;         ///< The product of the shape.
};

struct Hdf5Input;  // formats/hdf5/scan.h

class Hdf5File {
 public:
  /// Lists every group, and reads the arrays that are chunked, compressed or big-endian.
  /// @param code exit code of a failure.
  /// @throws Error(code) naming file and object: missing, truncated, damaged, or refused as listed above.
  Hdf5File(const std::filesystem::path& path, core::ExitCode code);
  /// Reads a file that lies in memory, such as an entry of an archive.
  /// @param name stands for the file's path in messages.
  Hdf5File(std::vector<std::byte> bytes, const std::filesystem::path& name, core::ExitCode code);
  ~Hdf5File();
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  /// @returns the numeric arrays, by name within a group. Other arrays (text, compounds) are omitted.
  [[nodiscard]] const std::vector<Hdf5Dataset>& datasets() const;
  [[nodiscard]] const Hdf5Dataset* find(std::string_view path) const;
  /// @param path "" is the root. @returns whether the group exists.
  [[nodiscard]] bool has_group(std::string_view path) const;

  /// @returns the array's bytes, little-endian; valid as long as this object.
  /// @throws Error(code) when the array is damaged or its storage is not supported.
  [[nodiscard]] std::span<const std::byte> bytes(const Hdf5Dataset& dataset) const;
  /// Reads an attribute of a group: one text, or a list of them; fixed or variable length, padding removed.
  /// An attribute without elements is an empty list, whatever its type.
  /// @returns nullopt when the group has no such attribute.
  /// @throws Error(code) when it is not text, or longer than 64 MiB.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const std::string& group,
                                                              const std::string& attribute) const;
  /// @returns the file's path; of a file in memory its name.
  [[nodiscard]] const std::filesystem::path& path() const;
  /// Throws "'FILE': <what>".
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const;

 private:
  void scan(const Hdf5Input& input);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::formats
