#pragma once
/// SHA-256 of source files, which a prepared file records.

#include <filesystem>
#include <span>
#include <string>

namespace svhn::data {

/// @returns the SHA-256 of a file's bytes as 64 lower-case hex digits, as printed by `sha256sum`.
/// @throws core::Error(data) when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

/// @returns the SHA-256 of the text that `sha256sum` prints for these files ("<hex>  <name>\n"
/// each, in order).
/// @param names relative to `folder`, with '/' between parts.
std::string sha256_of_files(const std::filesystem::path& folder, std::span<const std::string> names);

}  // namespace svhn::data
