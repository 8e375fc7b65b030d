#pragma once
/// The HDF5 library at arm's length: a file that crashes it or never lets it end (a flipped bit is enough, as
/// of 1.10) must not take the program along. The scan runs in a child process with limits on memory and time
/// and no terminal; what it tells is checked as the file itself would be.

#include <cstddef>
#include <filesystem>
#include <optional>

#include "formats/hdf5/index.h"

namespace svhn::formats {

/// @returns what `scan_hdf5` returns, or nothing when the child did not end well.
std::optional<Hdf5Index> scan_hdf5_apart(const std::filesystem::path& path, std::size_t file_bytes);

}  // namespace svhn::formats
