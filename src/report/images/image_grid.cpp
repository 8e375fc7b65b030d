#include "report/images/image_grid.h"

#include <algorithm>
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

/// How one kind of text looks.
struct Hand {
  double scale;
  int line;  ///< Pixels from line to line.
  cv::Scalar colour;
};

const Hand kTitle{0.7, 30, kInk};
const Hand kNote{0.5, 22, kSoftInk};
const Hand kCaption{0.46, 18, kInk};

std::string ascii(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < 32 || c > 126; }, '?');
  return text;
}

int text_width(const std::string& text, const Hand& hand) {
  int baseline = 0;
  return cv::getTextSize(ascii(text), kFont, hand.scale, 1, &baseline).width;
}

/// @param top of the line. @param middle of the text, across.
void write_line(cv::Mat& sheet, const std::string& text, const Hand& hand, cv::Point place) {
  const cv::Point left(place.x - text_width(text, hand) / 2, place.y + hand.line * 7 / 10);
  cv::putText(sheet, ascii(text), left, kFont, hand.scale, hand.colour, 1, cv::LINE_AA);
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

/// Sizes of a cell, of the heading and of the whole sheet.
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

}  // namespace svhn::report
