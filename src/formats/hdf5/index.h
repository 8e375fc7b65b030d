#pragma once
/// What an HDF5 file holds, and how the process that reads it tells the one that asked.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/hdf5/file.h"

namespace svhn::formats {

struct Hdf5Entry {
  Hdf5Dataset dataset;
  std::string fault;         ///< Why it cannot be read; "" when it can.
  bool in_file = false;      ///< Its bytes lie in the file as they are; else in `Hdf5Index::blob`.
  std::uint64_t offset = 0;  ///< Of its bytes, there.
};

struct Hdf5Index {
  std::string fault;  ///< Why the whole file is refused; "" when it is not.
  std::string hint;
  std::vector<Hdf5Entry> entries;
  std::set<std::string, std::less<>> groups;
  /// Of (group, attribute); nothing where the attribute is not text.
  std::map<std::pair<std::string, std::string>, std::optional<std::vector<std::string>>> texts;
  std::vector<std::byte> blob;
};

/// @returns the index as bytes, for `unpack_hdf5`.
std::string pack_hdf5(const Hdf5Index& index);

/// Believes nothing: every entry without a fault has its bytes inside the file or the blob.
/// @returns nothing when `bytes` is not what `pack_hdf5` makes of a sound index.
std::optional<Hdf5Index> unpack_hdf5(std::span<const std::byte> bytes, std::size_t file_bytes);

}  // namespace svhn::formats
