#pragma once
/// SHA-256 of source files, which a prepared file records.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace svhn::data {

/// @returns the SHA-256 of a file's bytes as 64 lower-case hex digits, as printed by `sha256sum`.
/// @throws core::Error(data) when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

/// @returns the SHA-256 of bytes, in the same form.
std::string sha256_of_bytes(std::span<const std::byte> bytes);

}  // namespace svhn::data
