#include "report/images/image_grid.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <tuple>

#include "core/error.h"
#include "core/file.h"
#include "report/letters/letters.h"

namespace svhn::report {
namespace {

constexpr int kGap = 8;
constexpr int kMargin = 16;
constexpr int kLeastWidth = 800;     // In which titles are broken, if the images take less.
constexpr int kWidestCaption = 240;  // Wider ones are cut, unless the image is wider.
constexpr std::size_t kMostTiles = 10'000, kMostLines = 3;

const cv::Scalar kPaper(255, 255, 255, 255);

/// Size and grey of a kind of text.
struct TextStyle {
  double points;
  int line;  ///< Line height in pixels.
  double grey;
};

const TextStyle kTitle{kLetters, 32, 0.13};
const TextStyle kNote{kSmallLetters - 2, 22, 0.36};
const TextStyle kCaption{kSmallLetters - 2, 21, 0.13};

/// Draws a line of text. @param position its horizontal centre and its top.
void write_line(cv::Mat& sheet, const std::string& text, const TextStyle& style, cv::Point position) {
  // Cairo's pictures have less than 32,768 rows: it gets those of the line.
  const int top = std::max(0, position.y - style.line / 2),
            bottom = std::min(sheet.rows, position.y + 2 * style.line);
  cv::Mat rows = sheet.rowRange(top, bottom);
  const Canvas canvas{rows.data, rows.cols, rows.rows, static_cast<int>(rows.step)};
  const double baseline = position.y - top + style.line * 0.72;
  draw_text(canvas, text, {style.points, style.grey, style.grey, style.grey},
            position.x - text_width(text, style.points) / 2, baseline);
}

void check(std::span<const Tile> tiles, const Grid& grid) {
  bool fits = grid.columns >= 1 && grid.columns <= 100 && grid.side >= 8 && grid.side <= 1024 &&
              tiles.size() <= kMostTiles;
  const auto check_tile = [&fits](const Tile& tile) {
    const auto bytes = static_cast<std::int64_t>(tile.height) * tile.width * 3;
    fits = fits && tile.height >= 1 && tile.width >= 1 && bytes == static_cast<std::int64_t>(tile.rgb.size());
  };
  for (const Tile& tile : tiles) check_tile(tile);
  if (grid.beside) check_tile(*grid.beside);
  if (!fits) throw core::Error(core::ExitCode::bug, "a grid of pictures that cannot be laid out");
}

cv::Size enlarged(const Tile& tile, int side) {
  const int longer = std::max(tile.height, tile.width);
  return {std::max(1, tile.width * side / longer), std::max(1, tile.height * side / longer)};
}

/// Space for images and their captions.
struct Cell {
  cv::Size picture;
  cv::Size size;

  /// @returns to which width captions are cut.
  [[nodiscard]] int caption_width() const { return std::max(kWidestCaption, picture.width); }

  void fit(const Tile& tile, int side) {
    const cv::Size needed = enlarged(tile, side);
    picture = {std::max(picture.width, needed.width), std::max(picture.height, needed.height)};
    for (const auto& text : tile.captions) {
      const int width = static_cast<int>(text_width(text, kCaption.points)) + 1;
      widest_ = std::max(widest_, std::min(width, caption_width()));
    }
    lines_ = std::max(lines_, static_cast<int>(tile.captions.size()));
    size = {std::max(picture.width, widest_) + kGap, picture.height + lines_ * kCaption.line + kGap};
  }

 private:
  int widest_ = 0;
  int lines_ = 0;
};

/// Sizes of a cell, of the heading and of the sheet.
struct Layout {
  Layout(std::span<const Tile> tiles, const Grid& grid)
      : columns(std::max(1, std::min(grid.columns, static_cast<int>(tiles.size())))),
        rows((static_cast<int>(tiles.size()) + columns - 1) / columns) {
    for (const Tile& tile : tiles) cell.fit(tile, grid.side);
    if (grid.beside) beside.fit(*grid.beside, kBesideSide);
    const int width = columns * cell.size.width + beside.size.width;
    const int words = std::max(width, kLeastWidth);
    title = wrapped(grid.title, words, kMostLines, kTitle.points);
    note = wrapped(grid.note, words, kMostLines, kNote.points);
    top = kMargin + static_cast<int>(title.size()) * kTitle.line + static_cast<int>(note.size()) * kNote.line;
    const bool wide = !title.empty() || !note.empty();
    sheet.width = 2 * kMargin + std::max(width, wide ? widest_line() : 0);
    sheet.height = top + std::max(rows * cell.size.height, beside.size.height) + kMargin;
    left = (sheet.width - width) / 2 + beside.size.width;
  }

  [[nodiscard]] int widest_line() const {
    double widest = 0.0;
    for (const auto& line : title) widest = std::max(widest, text_width(line, kTitle.points));
    for (const auto& line : note) widest = std::max(widest, text_width(line, kNote.points));
    return static_cast<int>(widest) + 1;
  }

  static constexpr int kBesideSide = 160;

  int columns;
  int rows;
  int top = 0;
  int left = 0;  ///< Of the grid, behind the image beside it.
  Cell cell;
  Cell beside;
  std::vector<std::string> title;
  std::vector<std::string> note;
  cv::Size sheet;
};

void draw_tile(cv::Mat& sheet, const Tile& tile, int side, const Cell& cell, cv::Point corner) {
  const cv::Mat picture(tile.height, tile.width, CV_8UC3, const_cast<std::uint8_t*>(tile.rgb.data()));
  const cv::Size size = enlarged(tile, side);
  cv::Mat large;
  const bool shrink = size.width < tile.width;
  cv::resize(picture, large, size, 0, 0, shrink ? cv::INTER_AREA : cv::INTER_NEAREST);
  const int middle = corner.x + cell.size.width / 2;
  cv::Mat target = sheet(cv::Rect({middle - size.width / 2, corner.y}, size));
  cv::cvtColor(large, target, cv::COLOR_RGB2BGRA);
  int line = corner.y + cell.picture.height + 2;
  for (const std::string& text : tile.captions) {
    write_line(sheet, cut_middle(text, cell.caption_width(), kCaption.points), kCaption, {middle, line});
    line += kCaption.line;
  }
}

void draw_heading(cv::Mat& sheet, const Layout& layout) {
  cv::Point place(layout.sheet.width / 2, kMargin / 2);
  for (const auto& [lines, style] : {std::pair(&layout.title, &kTitle), std::pair(&layout.note, &kNote)}) {
    for (const std::string& line : *lines) {
      write_line(sheet, line, *style, place);
      place.y += style->line;
    }
  }
}

/// @returns the sheet in BGR.
cv::Mat draw_sheet(std::span<const Tile> tiles, const Grid& grid) {
  const Layout layout(tiles, grid);
  cv::Mat sheet(layout.sheet, CV_8UC4, kPaper);
  draw_heading(sheet, layout);
  if (grid.beside) {
    const cv::Point corner(layout.left - layout.beside.size.width, layout.top);
    draw_tile(sheet, *grid.beside, Layout::kBesideSide, layout.beside, corner);
  }
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const int at = static_cast<int>(i);
    const cv::Point corner(layout.left + at % layout.columns * layout.cell.size.width,
                           layout.top + at / layout.columns * layout.cell.size.height);
    draw_tile(sheet, tiles[i], grid.side, layout.cell, corner);
  }
  cv::Mat bgr;
  cv::cvtColor(sheet, bgr, cv::COLOR_BGRA2BGR);
  return bgr;
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

constexpr double kLowShare = 0.02;  // The percentiles 2 and 98.
constexpr int kFewestRows = 8;      // Smaller maps are hardly more than their border.

struct Limits {
  double low = 0.0;
  double high = 0.0;
};

/// @returns what lies there between the sorted values. @param share 0 to 1.
double quantile(const std::vector<float>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Limits limits_of(std::span<const float> values, ColourScale scale) {
  Limits limits{INFINITY, -INFINITY};
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    limits = {std::min<double>(limits.low, value), std::max<double>(limits.high, value)};
  }
  if (scale != ColourScale::diverging) return limits;
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

std::pair<double, double> inner_range(std::span<const float> values, int height, int width) {
  check(values.size(), height, width);
  const int border = std::min(height, width) >= kFewestRows ? 1 : 0;
  std::vector<float> inner;
  for (int y = border; y < height - border; ++y) {
    for (int x = border; x < width - border; ++x) {
      const float value =
          values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
      if (std::isfinite(value)) inner.push_back(value);
    }
  }
  std::sort(inner.begin(), inner.end());
  if (!inner.empty()) {
    const double low = quantile(inner, kLowShare), high = quantile(inner, 1.0 - kLowShare);
    if (high > low) return {low, high};
  }
  const Limits all = limits_of(values, ColourScale::viridis);  // Nearly all are equal: as in a map of ReLUs.
  return {all.low, all.high};
}

Tile colour_map(std::span<const float> values, int height, int width, ColourScale scale) {
  check(values.size(), height, width);
  const bool diverging = scale == ColourScale::diverging;
  const auto colours = diverging ? diverging_colours() : opencv_colours(cv::COLORMAP_VIRIDIS);
  Limits limits = limits_of(values, scale);
  if (scale == ColourScale::viridis_inner)
    std::tie(limits.low, limits.high) = inner_range(values, height, width);
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
