#pragma once
/// The first bytes of an HDF5 file, checked before the library sees it.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace svhn::formats {

/// @returns where the superblock starts: 0, 512, 1024, 2048, …; nothing when there is none.
std::optional<std::size_t> find_hdf5_superblock(std::span<const std::byte> file);

/// @returns what is wrong with the superblock's version, sizes and addresses, "" when nothing is.
std::string hdf5_superblock_fault(std::span<const std::byte> file);

}  // namespace svhn::formats
