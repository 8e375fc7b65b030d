#include "svhn/data/pickled_pixels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <string>

#include "svhn/data/prepared.h"

namespace svhn::data {
namespace {

using formats::ArrayStream;
using formats::NumpyType;
using formats::Pickle;

/// Thrown to start again on the other scale; never leaves this file.
struct FractionFound {};

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
constexpr std::size_t kGroupBytes = std::size_t{32} << 20;
constexpr std::size_t kGroupColumns = 128;
constexpr std::size_t kTileRows = 128;
constexpr std::size_t kImage = static_cast<std::size_t>(kImageBytes);

std::string text_of(const formats::PickledScalar& scalar) {
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&scalar)) return std::to_string(*real);
  return "missing";
}

class Converter {
 public:
  Converter(const Pickle& pickle, std::size_t rows, std::span<std::uint8_t> images, PixelScale scale)
      : pickle_(pickle), rows_(rows), images_(images), scale_(scale) {}

  void by_image(const PixelPlane& plane);
  void by_column(std::span<const PixelPlane* const> planes);

 private:
  struct Run {
    std::size_t from, to, length;  // Consecutive stored columns that are consecutive pixels.
  };
  struct Column {
    const std::byte* source;
    NumpyType type;
    std::int32_t place;
    const PixelPlane* plane;
  };

  static std::vector<Run> runs_of(const PixelPlane& plane);
  void convert(const PixelPlane& plane, NumpyType type, const std::byte* source, std::uint8_t* target,
               std::size_t count) const;
  [[noreturn]] void refuse(const PixelPlane& plane, const formats::PickledScalar& scalar) const;
  void take_columns(const PixelPlane& plane, ArrayStream& stream);
  void flush_columns();
  void write_tile(std::size_t first, std::size_t count);

  const Pickle& pickle_;
  std::size_t rows_;
  std::span<std::uint8_t> images_;
  PixelScale scale_;
  std::vector<Column> group_;
  std::size_t group_bytes_ = 0;
  std::array<std::uint8_t, kGroupColumns * kTileRows> tile_{};
};

void Converter::refuse(const PixelPlane& plane, const formats::PickledScalar& scalar) const {
  const auto* real = std::get_if<double>(&scalar);
  if (scale_ == PixelScale::bytes && real != nullptr && *real > 0 && *real < 1) throw FractionFound{};
  const char* scale = scale_ == PixelScale::bytes ? "a whole number 0..255" : "k/255 as the pixels before it";
  pickle_.fail("a pixel is " + text_of(scalar) + ", not " + scale, plane.array.position,
               "pixels must be whole numbers 0..255, or all of them divided by 255");
}

void Converter::convert(const PixelPlane& plane, NumpyType type, const std::byte* source,
                        std::uint8_t* target, std::size_t count) const {
  const std::size_t good = convert_numbers(type, scale_, source, target, count);
  if (good == count) return;
  refuse(plane, formats::decode_element(type, {source + good * type.size, type.size}));
}

std::vector<Converter::Run> Converter::runs_of(const PixelPlane& plane) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < plane.pixels.size(); ++i) {
    if (plane.pixels[i] == kNoPixel) continue;
    const auto place = static_cast<std::size_t>(plane.pixels[i]);
    const bool follows = !runs.empty() && runs.back().from + runs.back().length == i &&
                         runs.back().to + runs.back().length == place;
    if (follows) {
      ++runs.back().length;
    } else {
      runs.push_back({i, place, 1});
    }
  }
  return runs;
}

void Converter::by_image(const PixelPlane& plane) {
  ArrayStream stream(pickle_, plane.array);
  const NumpyType type = stream.type();
  const std::vector<Run> runs = runs_of(plane);
  const std::size_t width = plane.pixels.size();
  const std::size_t at_once = std::max<std::size_t>(1, kPieceBytes / (width * type.size));
  for (std::size_t row = 0; row < rows_;) {
    const std::size_t count = std::min(at_once, rows_ - row);
    const std::byte* source = stream.next(count * width).data();
    for (std::size_t i = 0; i < count; ++i, ++row, source += width * type.size) {
      for (const Run& run : runs) {
        convert(plane, type, source + run.from * type.size, &images_[row * kImage + run.to], run.length);
      }
    }
  }
}

void Converter::write_tile(std::size_t first, std::size_t count) {
  const std::size_t columns = group_.size();
  for (std::size_t c = 0; c < columns; ++c) {
    const Column& column = group_[c];
    convert(*column.plane, column.type, column.source + first * column.type.size, &tile_[c * kTileRows],
            count);
  }
  for (std::size_t r = 0; r < count; ++r) {
    std::uint8_t* image = &images_[(first + r) * kImage];
    for (std::size_t c = 0; c < columns; ++c) image[group_[c].place] = tile_[c * kTileRows + r];
  }
}

void Converter::flush_columns() {
  for (std::size_t first = 0; first < rows_ && !group_.empty(); first += kTileRows) {
    write_tile(first, std::min(kTileRows, rows_ - first));
  }
  group_.clear();
  group_bytes_ = 0;
}

void Converter::take_columns(const PixelPlane& plane, ArrayStream& stream) {
  const NumpyType type = stream.type();
  const std::size_t bytes = std::max<std::size_t>(1, rows_ * type.size);
  for (std::size_t next = 0; next < plane.pixels.size();) {
    if (plane.pixels[next] == kNoPixel) {
      stream.skip(rows_);
      ++next;
      continue;
    }
    const auto label = std::find(plane.pixels.begin() + std::ptrdiff_t(next), plane.pixels.end(), kNoPixel);
    const auto until_label = static_cast<std::size_t>(label - plane.pixels.begin()) - next;
    const std::size_t room =
        std::max<std::size_t>(1, (kGroupBytes - std::min(kGroupBytes, group_bytes_)) / bytes);
    const std::size_t count = std::min({kGroupColumns - group_.size(), room, until_label});
    const std::byte* source = stream.next(count * rows_).data();
    for (std::size_t i = 0; i < count; ++i) {
      group_.push_back({source + i * rows_ * type.size, type, plane.pixels[next + i], &plane});
    }
    next += count;
    group_bytes_ += count * bytes;
    // The next call of `next` takes this piece away: a plane's rest never waits for another piece of it.
    if (next < plane.pixels.size() || group_.size() == kGroupColumns || group_bytes_ >= kGroupBytes)
      flush_columns();
  }
}

void Converter::by_column(std::span<const PixelPlane* const> planes) {
  std::deque<ArrayStream> streams;
  for (const PixelPlane* plane : planes) {
    streams.emplace_back(pickle_, plane->array);
    take_columns(*plane, streams.back());
    if (group_.empty()) streams.clear();
  }
  flush_columns();
}

void convert_on(const Pickle& pickle, std::span<const PixelPlane> planes, std::size_t rows,
                std::span<std::uint8_t> images, PixelScale scale) {
  Converter converter(pickle, rows, images, scale);
  std::vector<const PixelPlane*> columns;
  for (const PixelPlane& plane : planes) {
    if (plane.by_image) {
      converter.by_image(plane);
    } else {
      columns.push_back(&plane);
    }
  }
  converter.by_column(columns);
}

}  // namespace

void convert_pixels(const Pickle& pickle, std::span<const PixelPlane> planes, std::int64_t rows,
                    std::span<std::uint8_t> images) {
  const auto count = static_cast<std::size_t>(rows);
  try {
    convert_on(pickle, planes, count, images, PixelScale::bytes);
  } catch (const FractionFound&) {
    convert_on(pickle, planes, count, images, PixelScale::unit);
  }
}

}  // namespace svhn::data
