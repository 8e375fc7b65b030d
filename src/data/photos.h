#pragma once
/// Which rows are digits of one photo: groups that no split may divide.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace svhn::data {

/// An input, whose rows follow those of the inputs before it.
struct InputRows {
  std::string name;  ///< Of its file, without folders.
  std::int64_t rows = 0;
};

/// Reads a CSV table with the columns `file`, `row` (from 0 within the file) and `photo` (a number within the
/// file); other columns and other files' rows are passed over.
/// @returns the photo of each row of the inputs, numbered from 0 by first occurrence.
/// @throws core::Error(data) for a damaged table, a row that an input does not have or that is given twice, a
/// row of an input that is missing, two inputs of one name.
std::vector<std::int64_t> read_photos(const std::filesystem::path& csv, std::span<const InputRows> inputs);

/// @returns the groups numbered from 0 by first occurrence.
std::vector<std::int64_t> numbered(std::span<const std::int64_t> groups);

/// @returns how many different groups there are.
std::int64_t count_groups(std::span<const std::int64_t> groups);

/// @returns how many groups have rows in several splits.
/// @param splits row numbers of each, below the number of groups' entries.
std::int64_t count_divided(std::span<const std::int64_t> groups,
                           const std::array<std::vector<std::int64_t>, 3>& splits);

}  // namespace svhn::data
