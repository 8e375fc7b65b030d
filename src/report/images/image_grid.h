#pragma once
/// A grid of images with captions as a PNG file. H, W = height and width of an image.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace svhn::report {

/// One image of a grid.
struct Tile {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> rgb;        ///< u8 [H,W,3].
  std::vector<std::string> captions{};  ///< Lines below the image; bytes outside ASCII become '?'.
};

/// Layout of a grid.
struct Grid {
  std::string title{};  ///< Above the grid; may be empty.
  std::string note{};   ///< A smaller line under the title; may be empty.
  int columns = 10;     ///< 1 to 100; fewer tiles make a narrower grid.
  int side = 96;        ///< Pixels of each tile's longer side, to which it is resized; 8 to 1024.
};

/// Writes a PNG with dark text on white. Tiles are enlarged without smoothing, as matplotlib's imshow does.
/// Without tiles the PNG has title and note only. The same content and OpenCV version give the same bytes.
/// @param tiles at most 10,000, of at least one pixel each.
/// @throws core::Error(bug) for sizes or a layout out of range; core::Error(data) when the file cannot be
/// written.
void write_image_grid(const std::filesystem::path& path, std::span<const Tile> tiles, const Grid& grid);

/// A colour map.
enum class ColourScale {
  viridis,   ///< Dark blue over green to yellow, from the smallest to the largest value.
  diverging  ///< Blue over white to red, from -m over 0 to m, the largest absolute value.
};

/// Renders an array in colours. The scale spans the array's own values, as in imshow without limits; where
/// all values are equal, they get the colour of the smallest.
/// @param values f32 [H,W]; values that are not finite are grey.
Tile colour_map(std::span<const float> values, int height, int width, ColourScale scale);

/// Overlays a heat map on an image in grey; the larger the heat, the more opaque its colour.
/// @param image [H,W,3]. @param heat f32 [H,W], at least 0; scaled by its largest value.
Tile heat_over(const Tile& image, std::span<const float> heat);

}  // namespace svhn::report
