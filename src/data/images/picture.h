#pragma once
/// Reads a picture file of any size as the 32x32 RGB pixels of a digit.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace svhn::data {

/// Reads a picture of any format that OpenCV decodes: resized to 32x32 (by area when shrinking, linear when
/// enlarging), grey expanded to RGB, alpha dropped, 16 bits scaled to 8. A picture whose header states more
/// than 2^24 pixels is not decoded. Thread-safe.
/// @param pixels u8 [32,32,3], filled when the picture could be read.
/// @returns why it could not be read, one line; "" on success.
std::string read_picture(const std::filesystem::path& file, std::span<std::uint8_t> pixels);

}  // namespace svhn::data
