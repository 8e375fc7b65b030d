#pragma once
/// The walk through an HDF5 file with the C library.

#include <cstddef>
#include <filesystem>

#include "formats/hdf5/index.h"

namespace svhn::formats {

/// Lists groups, arrays and text attributes; reads the arrays that do not lie plainly in the file.
/// A hostile file may crash the library or hold it up: call this where neither matters.
/// @param file_bytes the length of the file.
/// @returns the index, with a `fault` when the file is refused.
Hdf5Index scan_hdf5(const std::filesystem::path& path, std::size_t file_bytes);

}  // namespace svhn::formats
