#pragma once
/// Pictures in rows and columns with words beneath, as a PNG file. H, W = height and width of a picture.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace svhn::report {

/// One picture of a grid.
struct Tile {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> rgb;        ///< u8 [H,W,3].
  std::vector<std::string> captions{};  ///< Lines of ASCII beneath it; others' bytes become '?'.
};

/// How a grid is laid out. Sizes are in pixels.
struct Grid {
  std::string title{};  ///< Above the grid; may be empty.
  std::string note{};   ///< A smaller line under the title; may be empty.
  int columns = 10;     ///< 1 to 100; fewer tiles make a narrower grid.
  int side = 96;        ///< Each tile is enlarged or reduced so that its longer side has so many; 8 to 1024.
};

/// Writes a PNG, white with dark words. Tiles are enlarged pixel by pixel, never smoothed, as matplotlib's
/// imshow does. No tiles give a sheet of title and note. The same content and OpenCV give the same bytes.
/// @param tiles at most 10,000, of at least one pixel each.
/// @throws core::Error(bug) for what cannot be laid out; core::Error(data) when the file cannot be written.
void write_image_grid(const std::filesystem::path& path, std::span<const Tile> tiles, const Grid& grid);

/// Numbers as colours.
enum class ColourScale {
  viridis,   ///< Dark blue over green to yellow, from the smallest to the largest value.
  diverging  ///< Blue over white to red, from -m over 0 to m, the largest absolute value.
};

/// @param values f32 [H,W]; not finite ones are drawn grey.
/// @returns a picture scaled by its own values, as imshow does without limits: equal values all get the
/// colour of the smallest.
Tile colour_map(std::span<const float> values, int height, int width, ColourScale scale);

/// @param image a picture [H,W,3].
/// @param heat f32 [H,W], 0 and more; scaled by its largest value.
/// @returns the picture in grey under the heat in colours: the hotter, the less of the grey is seen.
Tile heat_over(const Tile& image, std::span<const float> heat);

}  // namespace svhn::report
