#pragma once
/// A grid of images with captions as a PNG file. H, W = height and width of an image.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace svhn::report {

/// One image of a grid.
struct Tile {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> rgb;        ///< u8 [H,W,3].
  std::vector<std::string> captions{};  ///< Lines below the image, cut where they are very wide.
};

/// Layout of a grid. Its texts are any bytes and are broken into lines at spaces.
struct Grid {
  std::string title{};           ///< Above the grid; may be empty.
  std::string note{};            ///< Smaller, under the title; may be empty.
  int columns = 10;              ///< 1 to 100; fewer tiles make a narrower grid.
  int side = 96;                 ///< Pixels of each tile's longer side, to which it is resized; 8 to 1024.
  std::optional<Tile> beside{};  ///< Drawn left of the grid with 160 pixels of its longer side.
};

/// Writes a PNG with dark text on white. Tiles are enlarged without smoothing, as matplotlib's imshow does.
/// Without tiles the PNG has title and note only. The same content and machine give the same bytes.
/// @param tiles at most 10,000, of at least one pixel each.
/// @throws core::Error(bug) for sizes or a layout out of range; core::Error(data) when the file cannot be
/// written.
void write_image_grid(const std::filesystem::path& path, std::span<const Tile> tiles, const Grid& grid);

/// A colour map.
enum class ColourScale {
  viridis,        ///< Dark blue over green to yellow, from the smallest to the largest value.
  viridis_inner,  ///< The same over `inner_range`.
  diverging       ///< Blue over white to red, from -m over 0 to m, the largest absolute value.
};

/// The range of a feature map's colours: values beside it get the colours of its ends.
/// @param values f32 [H,W]. @returns the percentiles 2 and 98 of the values without the outermost rows and
/// columns, in which padding with zeros makes the largest values of all (maps of fewer than 8 rows or columns
/// keep them); where these are equal, the whole range.
std::pair<double, double> inner_range(std::span<const float> values, int height, int width);

/// Renders an array in colours. The scale spans the array's own values, as in imshow without limits; where
/// all values are equal, they get the colour of the smallest.
/// @param values f32 [H,W]; values that are not finite are grey.
Tile colour_map(std::span<const float> values, int height, int width, ColourScale scale);

/// Overlays a heat map on an image in grey; the larger the heat, the more opaque its colour.
/// @param image [H,W,3]. @param heat f32 [H,W], at least 0; scaled by its largest value.
Tile heat_over(const Tile& image, std::span<const float> heat);

}  // namespace svhn::report
