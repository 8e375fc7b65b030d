#pragma once
/// Parses and validates the MATLAB 5 container without a library.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/mat/mat.h"

namespace svhn::formats::mat {

using Bytes = std::span<const std::byte>;

/// @returns every variable of the file; their sizes are consistent with each other and with the file.
/// @param file name of the file in messages. @throws core::Error(data)
std::vector<MatVariable> parse_container(Bytes bytes, const std::string& file);

/// Inflates a zlib stream without keeping the output.
/// @throws core::Error(data) unless the stream and its checksum are valid and it holds exactly `size` bytes.
void verify_stream(Bytes stream, std::size_t size, const std::string& where);

/// @param where the file, and the byte or array in it. @throws core::Error(data)
[[noreturn]] void refuse(const std::string& where, const std::string& what, std::string hint = {});

}  // namespace svhn::formats::mat
