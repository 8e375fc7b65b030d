#pragma once
/// A contact sheet of random digits with their labels, to check visually what was read.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace svhn::report {

struct PreviewOptions {
  int columns = 16;        ///< 1 to 100.
  int rows = 8;            ///< 1 to 100; fewer when there are fewer images.
  std::uint64_t seed = 1;  ///< Selects the images.
  std::string title{};     ///< Written above the grid, e.g. "synthetic digits"; may be empty.
};

/// @returns `count` different integers of 0..n-1 (all of them when there are fewer) in random order.
std::vector<std::int64_t> sample_rows(std::int64_t n, std::int64_t count, std::uint64_t seed);

/// Writes a PNG with every picture at twice its size and the digit below it, as `write_image_grid` does.
/// @param images u8 [N,32,32,3]. @param labels [N], class indices 0..9 (index i is digit (i + 1) % 10).
/// @throws core::Error(usage) for a grid out of range; core::Error(data) when the file cannot be written.
void write_preview(const std::filesystem::path& path, std::span<const std::uint8_t> images,
                   std::span<const std::uint8_t> labels, const PreviewOptions& options = {});

}  // namespace svhn::report
