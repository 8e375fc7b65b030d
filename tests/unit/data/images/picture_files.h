#pragma once
/// Picture files for tests.

#include <cstdint>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::test {

inline std::string encode(const std::string& extension, const cv::Mat& picture,
                          const std::vector<int>& parameters = {}) {
  std::vector<unsigned char> bytes;
  cv::imencode(extension, picture, bytes, parameters);
  return {bytes.begin(), bytes.end()};
}

/// A picture of one colour, given as RGB.
inline cv::Mat plain(int red, int green, int blue, int width = 32, int height = 32) {
  return {height, width, CV_8UC3, cv::Scalar(blue, green, red)};
}

/// A picture of random pixels: nothing that a codec can guess.
inline cv::Mat noise(int width, int height, int type = CV_8UC3) {
  cv::Mat picture(height, width, type);
  cv::RNG(1).fill(picture, cv::RNG::UNIFORM, 0, 256);
  return picture;
}

inline std::string big_endian(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 255U);
  return text;
}

/// A PNG chunk: length, name, content and CRC-32. @see ISO/IEC 15948, annex D
inline std::string chunk(std::string_view name, std::string_view content) {
  const std::string checked = std::string(name) + std::string(content);
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : checked) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xEDB88320U : crc >> 1U;
  }
  return big_endian(static_cast<std::uint32_t>(content.size())) + checked + big_endian(~crc);
}

/// Puts a chunk behind a PNG's header.
inline std::string with_chunk(std::string png, std::string_view name, std::string_view content) {
  return png.insert(33, chunk(name, content));  // Eight bytes of signature, 25 of IHDR.
}

}  // namespace svhn::test
