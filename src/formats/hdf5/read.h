#pragma once
/// What the reader asks the HDF5 library about single objects. A returned text says what is wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/hdf5/file.h"
#include "formats/hdf5/library.h"

namespace svhn::formats {

/// Names of a group's links, sorted, none longer than 4096 bytes or with a '/'.
/// @returns nothing when there are more than `most`, or the group is damaged.
std::optional<std::vector<std::string>> hdf5_links(hid_t group, std::size_t most);

/// Fills in type, shape and element count of an array.
/// @returns false for arrays that are not of plain numbers; their fields mean nothing then.
bool describe_hdf5(hid_t dataset, Hdf5Dataset& description);

/// @returns why the array must not be read, or "". @param file_bytes the length of the file.
std::string hdf5_storage_fault(hid_t dataset, const Hdf5Dataset& description, std::size_t file_bytes);

/// @returns the array's numbers, little-endian; nothing when the library fails.
std::optional<std::vector<std::byte>> read_hdf5(hid_t dataset, const Hdf5Dataset& description);

/// @returns where in the file the array's bytes lie, for those stored whole and little-endian.
std::optional<std::uint64_t> hdf5_plain_offset(hid_t dataset);

/// @returns an attribute's name, at most 4096 bytes; nothing when it is damaged.
std::optional<std::string> hdf5_attribute_name(hid_t attribute);

/// @returns the texts of an attribute; nothing when it is not text, too large or damaged.
std::optional<std::vector<std::string>> read_hdf5_texts(hid_t attribute);

}  // namespace svhn::formats
