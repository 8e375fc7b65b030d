#include "report/images/image_grid.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/file.h"

namespace svhn::report {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr int kGap = 8;
constexpr int kMargin = 16;
constexpr std::size_t kMostTiles = 10'000;

const cv::Scalar kPaper(255, 255, 255);
const cv::Scalar kInk(32, 32, 32);
const cv::Scalar kSoftInk(96, 96, 96);

/// Size and colour of a kind of text.
struct TextStyle {
  double scale;
  int line;  ///< Line height in pixels.
  cv::Scalar colour;
};

const TextStyle kTitle{0.7, 30, kInk};
const TextStyle kNote{0.5, 22, kSoftInk};
const TextStyle kCaption{0.46, 18, kInk};

std::string ascii(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < 32 || c > 126; }, '?');
  return text;
}

int text_width(const std::string& text, const TextStyle& style) {
  int baseline = 0;
  return cv::getTextSize(ascii(text), kFont, style.scale, 1, &baseline).width;
}

/// Draws a line of text. @param position its horizontal centre and its top.
void write_line(cv::Mat& sheet, const std::string& text, const TextStyle& style, cv::Point position) {
  const cv::Point left(position.x - text_width(text, style) / 2, position.y + style.line * 7 / 10);
  cv::putText(sheet, ascii(text), left, kFont, style.scale, style.colour, 1, cv::LINE_AA);
}

void check(std::span<const Tile> tiles, const Grid& grid) {
  bool fits = grid.columns >= 1 && grid.columns <= 100 && grid.side >= 8 && grid.side <= 1024 &&
              tiles.size() <= kMostTiles;
  for (const Tile& tile : tiles) {
    const auto bytes = static_cast<std::int64_t>(tile.height) * tile.width * 3;
    fits = fits && tile.height >= 1 && tile.width >= 1 && bytes == static_cast<std::int64_t>(tile.rgb.size());
  }
  if (!fits) throw core::Error(core::ExitCode::bug, "a grid of pictures that cannot be laid out");
}

cv::Size enlarged(const Tile& tile, int side) {
  const int longer = std::max(tile.height, tile.width);
  return {std::max(1, tile.width * side / longer), std::max(1, tile.height * side / longer)};
}

/// Sizes of a cell, of the heading and of the sheet.
struct Layout {
  Layout(std::span<const Tile> tiles, const Grid& grid)
      : columns(std::max(1, std::min(grid.columns, static_cast<int>(tiles.size())))),
        rows((static_cast<int>(tiles.size()) + columns - 1) / columns),
        top(kMargin + (grid.title.empty() ? 0 : kTitle.line) + (grid.note.empty() ? 0 : kNote.line)) {
    int lines = 0;
    for (const Tile& tile : tiles) {
      const cv::Size size = enlarged(tile, grid.side);
      picture.width = std::max(picture.width, size.width);
      picture.height = std::max(picture.height, size.height);
      lines = std::max(lines, static_cast<int>(tile.captions.size()));
      for (const auto& text : tile.captions) cell.width = std::max(cell.width, text_width(text, kCaption));
    }
    cell.width = std::max(cell.width, picture.width) + kGap;
    cell.height = picture.height + lines * kCaption.line + kGap;
    const int words = std::max(text_width(grid.title, kTitle), text_width(grid.note, kNote));
    sheet.width = 2 * kMargin + std::max(columns * cell.width, words);
    sheet.height = top + rows * cell.height + kMargin;
    left = (sheet.width - columns * cell.width) / 2;
  }

  int columns;
  int rows;
  int top;
  int left = 0;
  cv::Size picture;
  cv::Size cell;
  cv::Size sheet;
};

void draw_tile(cv::Mat& sheet, const Tile& tile, const Grid& grid, const Layout& layout, cv::Point corner) {
  const cv::Mat picture(tile.height, tile.width, CV_8UC3, const_cast<std::uint8_t*>(tile.rgb.data()));
  const cv::Size size = enlarged(tile, grid.side);
  cv::Mat large;
  const bool shrink = size.width < tile.width;
  cv::resize(picture, large, size, 0, 0, shrink ? cv::INTER_AREA : cv::INTER_NEAREST);
  const int middle = corner.x + layout.cell.width / 2;
  cv::Mat target = sheet(cv::Rect({middle - size.width / 2, corner.y}, size));
  cv::cvtColor(large, target, cv::COLOR_RGB2BGR);
  int line = corner.y + layout.picture.height + 2;
  for (const std::string& text : tile.captions) {
    write_line(sheet, text, kCaption, {middle, line});
    line += kCaption.line;
  }
}

cv::Mat draw_sheet(std::span<const Tile> tiles, const Grid& grid) {
  const Layout layout(tiles, grid);
  cv::Mat sheet(layout.sheet, CV_8UC3, kPaper);
  cv::Point heading(layout.sheet.width / 2, kMargin / 2);
  if (!grid.title.empty()) {
    write_line(sheet, grid.title, kTitle, heading);
    heading.y += kTitle.line;
  }
  if (!grid.note.empty()) write_line(sheet, grid.note, kNote, heading);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const int at = static_cast<int>(i);
    const cv::Point corner(layout.left + at % layout.columns * layout.cell.width,
                           layout.top + at / layout.columns * layout.cell.height);
    draw_tile(sheet, tiles[i], grid, layout, corner);
  }
  return sheet;
}

using Pixel = cv::Vec3b;

const Pixel kNothing(128, 128, 128);

/// The 256 colours of one of OpenCV's maps, as RGB.
std::vector<Pixel> opencv_colours(int map) {
  cv::Mat ramp(1, 256, CV_8UC1);
  for (int i = 0; i < 256; ++i) ramp.at<std::uint8_t>(0, i) = static_cast<std::uint8_t>(i);
  cv::Mat bgr;
  cv::applyColorMap(ramp, bgr, map);
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return {rgb.begin<Pixel>(), rgb.end<Pixel>()};
}

/// From blue over white to red. The ends are those of ColorBrewer's RdBu, which is safe for colour blindness.
std::vector<Pixel> diverging_colours() {
  const cv::Vec3d blue(33, 102, 172), white(255, 255, 255), red(178, 24, 43);
  std::vector<Pixel> colours;
  for (int i = 0; i < 256; ++i) {
    const double at = (i - 127.5) / 127.5;
    const cv::Vec3d mixed = white + ((at < 0 ? blue : red) - white) * std::abs(at);
    colours.emplace_back(cv::saturate_cast<std::uint8_t>(mixed[0]), cv::saturate_cast<std::uint8_t>(mixed[1]),
                         cv::saturate_cast<std::uint8_t>(mixed[2]));
  }
  return colours;
}

struct Limits {
  double low = 0.0;
  double high = 0.0;
};

Limits limits_of(std::span<const float> values, ColourScale scale) {
  Limits limits{INFINITY, -INFINITY};
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    limits = {std::min<double>(limits.low, value), std::max<double>(limits.high, value)};
  }
  if (scale == ColourScale::viridis) return limits;
  const double most = std::max(std::abs(limits.low), std::abs(limits.high));
  return {-most, most};
}

std::size_t shade(double value, const Limits& limits) {
  if (!(limits.high > limits.low)) return 0;
  return static_cast<std::size_t>(
      std::clamp((value - limits.low) / (limits.high - limits.low) * 256.0, 0.0, 255.0));
}

void check(std::size_t values, int height, int width) {
  if (height >= 1 && width >= 1 &&
      values == static_cast<std::size_t>(height) * static_cast<std::size_t>(width)) {
    return;
  }
  throw core::Error(core::ExitCode::bug, "a map of numbers that does not fit its size");
}

void append(std::vector<std::uint8_t>& rgb, const Pixel& pixel) {
  for (int c = 0; c < 3; ++c) rgb.push_back(pixel[c]);
}

}  // namespace

void write_image_grid(const std::filesystem::path& path, std::span<const Tile> tiles, const Grid& grid) {
  check(tiles, grid);
  std::vector<unsigned char> png;
  if (!cv::imencode(".png", draw_sheet(tiles, grid), png)) {
    throw core::Error(core::ExitCode::data, "cannot encode '" + path.string() + "' as PNG",
                      "OpenCV was built without PNG; install a full OpenCV");
  }
  core::AtomicFile file(path, core::ExitCode::data);
  file.write(std::as_bytes(std::span(png)));
  file.commit();
}

Tile colour_map(std::span<const float> values, int height, int width, ColourScale scale) {
  check(values.size(), height, width);
  const bool diverging = scale == ColourScale::diverging;
  const auto colours = diverging ? diverging_colours() : opencv_colours(cv::COLORMAP_VIRIDIS);
  const Limits limits = limits_of(values, scale);
  // Where all values are 0, all pixels get the middle colour, white.
  const bool flat = diverging && !(limits.high > 0.0);
  Tile tile{height, width, {}};
  tile.rgb.reserve(values.size() * 3);
  for (const float value : values) {
    const Pixel colour =
        flat ? Pixel(255, 255, 255) : colours[std::isfinite(value) ? shade(value, limits) : 0];
    append(tile.rgb, std::isfinite(value) ? colour : kNothing);
  }
  return tile;
}

Tile heat_over(const Tile& image, std::span<const float> heat) {
  check(heat.size(), image.height, image.width);
  const auto colours = opencv_colours(cv::COLORMAP_INFERNO);
  const Limits limits{0.0, limits_of(heat, ColourScale::viridis).high};
  Tile tile{image.height, image.width, {}};
  tile.rgb.reserve(image.rgb.size());
  for (std::size_t i = 0; i < heat.size(); ++i) {
    const std::uint8_t* pixel = image.rgb.data() + 3 * i;
    const double grey = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    const std::size_t at = std::isfinite(heat[i]) ? shade(heat[i], limits) : 0;
    const double share = 0.25 + 0.5 * static_cast<double>(at) / 255.0;
    for (int c = 0; c < 3; ++c) {
      tile.rgb.push_back(cv::saturate_cast<std::uint8_t>((1.0 - share) * grey + share * colours[at][c]));
    }
  }
  return tile;
}

}  // namespace svhn::report
