#pragma once
/// Lists the content of an HDF5 file with the HDF5 C library, in a child process.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/hdf5/file.h"

namespace svhn::formats {

inline constexpr const char* kHdf5DamagedHint = "the file is damaged or incomplete; save or fetch it again";
inline constexpr const char* kHdf5ForeignHint = "a file of weights holds its arrays itself; save it again";

struct Hdf5Entry {
  Hdf5Dataset dataset;
  std::string fault;         ///< Why the array cannot be read; "" when it can.
  bool in_file = false;      ///< The file holds its bytes contiguously; else `Hdf5Index::blob` holds them.
  std::uint64_t offset = 0;  ///< Offset of its bytes in the file or the blob.
};

/// The content of an HDF5 file.
struct Hdf5Index {
  std::string fault;  ///< Why the file is refused; "" when it is not.
  std::string hint;   ///< For the user, together with `fault`; may be empty.
  std::vector<Hdf5Entry> entries;
  std::set<std::string, std::less<>> groups;
  /// By (group, attribute); nullopt where the attribute is not text.
  std::map<std::pair<std::string, std::string>, std::optional<std::vector<std::string>>> texts;
  std::vector<std::byte> blob;  ///< Elements of the arrays that were decoded.
};

/// What to read: a file on disk, or one in memory.
struct Hdf5Input {
  std::filesystem::path path;        ///< Empty for a file in memory.
  std::span<const std::byte> bytes;  ///< The whole file.
};

/// Lists groups, arrays and text attributes, and decodes the arrays that the file does not hold contiguously.
/// A hostile file may crash the library or make it hang, so only the child process calls this.
/// @returns the index, with a `fault` when the file is refused.
Hdf5Index scan_hdf5(const Hdf5Input& input);

/// Runs `scan_hdf5` in a child process with limits on memory and CPU time and without a terminal: a file that
/// crashes the library or makes it hang (as of version 1.10 one flipped bit is enough) must not take down
/// this program. The child's result is validated like the file itself.
/// @returns the result of `scan_hdf5`, or nullopt when the child failed.
std::optional<Hdf5Index> scan_hdf5_in_child(const Hdf5Input& input);

}  // namespace svhn::formats
