#pragma once
/// HDF5 files: arrays and text attributes by path. The HDF5 C library reads them in a child process, since
/// damaged files crash it; arrays that lie plainly in the file are then taken from it directly.
///
/// What a file may not do: point outside itself (soft and external links, external or virtual storage), bring
/// filters other than deflate, shuffle and Fletcher32 (the library's plugins stay off), nest deeper than 32
/// groups, hold more than 100,000 objects, or promise more numbers than its bytes can hold.
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

/// @returns whether the bytes start an HDF5 file (a user block of 512 bytes, doubled any number of times, may
/// stand before).
bool is_hdf5(std::span<const std::byte> file);

/// An array of a file. Its path has no '/' in front: "model_weights/dense/dense/kernel:0".
struct Hdf5Dataset {
  std::string path;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;  ///< Row-major; empty for a scalar.
  std::size_t elements = 0;         ///< The product of the shape.
};

class Hdf5File {
 public:
  /// Looks at every group; arrays that are chunked, compressed or big-endian are read at once.
  /// @param code what a refused file counts as.
  /// @throws Error(code) naming file and object: missing, truncated, damaged, or one of the things above.
  Hdf5File(const std::filesystem::path& path, core::ExitCode code);
  ~Hdf5File();
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  /// @returns the numeric arrays, groups before what follows them, by name. Others (text, compounds) are left
  /// out.
  [[nodiscard]] const std::vector<Hdf5Dataset>& datasets() const;
  [[nodiscard]] const Hdf5Dataset* find(std::string_view path) const;
  /// @param path "" is the root. @returns whether there is such a group.
  [[nodiscard]] bool has_group(std::string_view path) const;

  /// @returns the array's bytes, little-endian; valid as long as this object. @throws Error(code) when the
  /// array is stored in a way that is not read, or damaged.
  [[nodiscard]] std::span<const std::byte> bytes(const Hdf5Dataset& dataset) const;
  /// Reads an attribute of a group: one text, or a list of them; fixed or variable length, padding removed.
  /// An attribute without elements is an empty list, whatever its type.
  /// @returns nothing when the group has no such attribute.
  /// @throws Error(code) when it is not text, or longer than 64 MiB.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const std::string& group,
                                                              const std::string& attribute) const;
  [[nodiscard]] const std::filesystem::path& path() const;
  /// Throws "'FILE': <what>".
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::formats
