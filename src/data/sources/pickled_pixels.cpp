#include "data/sources/pickled_pixels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <type_traits>

#include "data/prepared.h"

namespace svhn::data {
namespace {

using formats::ArrayStream;
using formats::NumpyType;
using formats::Pickle;

/// Thrown to restart with the other scale; caught within this file.
struct FractionFound {};

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
constexpr std::size_t kGroupBytes = std::size_t{32} << 20;
constexpr std::size_t kGroupColumns = 128;
constexpr std::size_t kTileRows = 128;
constexpr std::size_t kImage = static_cast<std::size_t>(kImageBytes);

/// How numbers become bytes.
enum class PixelScale {
  bytes,  ///< Integers 0..255.
  unit,   ///< k / 255.
};

template <typename T>
T load(const std::byte* source, std::size_t i) {
  T value;
  std::memcpy(&value, source + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
T clamp_to(T value, T high) {
  const T low = value > T{0} ? value : T{0};  // NaN becomes 0, which the caller's comparison detects.
  return low < high ? low : high;
}

/// The loops over numbers are branch-free, so that the compiler vectorises them; only after an error the
/// first wrong number is searched for. @returns whether all numbers were valid.
template <typename T>
bool whole_numbers(const std::byte* source, std::uint8_t* target, std::size_t count) {
  unsigned wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const T value = load<T>(source, i);
    if constexpr (std::is_integral_v<T>) {
      // As unsigned, a negative number is above the maximum of its signed type.
      constexpr std::uint64_t kMax = std::min<std::uint64_t>(255, std::numeric_limits<T>::max());
      wrong |= static_cast<unsigned>(static_cast<std::make_unsigned_t<T>>(value) > kMax);
      target[i] = static_cast<std::uint8_t>(value);
    } else {
      const auto byte = static_cast<std::int32_t>(clamp_to(value, T{255}));
      wrong |= static_cast<unsigned>(static_cast<T>(byte) != value);
      target[i] = static_cast<std::uint8_t>(byte);
    }
  }
  return wrong == 0;
}

template <typename T>
bool fractions(const std::byte* source, std::uint8_t* target, std::size_t count) {
  constexpr double kTolerance =
      1e-4;  // float32 has a precision of 1.5e-5 at 255; two roundings are well within.
  unsigned wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double scaled = 255.0 * static_cast<double>(load<T>(source, i));
    // lround would prevent vectorisation, and the value is not negative.
    const auto byte =
        static_cast<std::int32_t>(clamp_to(scaled, 255.0) + 0.5);  // NOLINT(bugprone-incorrect-roundings)
    wrong |= static_cast<unsigned>(!(std::abs(scaled - byte) <= kTolerance));
    target[i] = static_cast<std::uint8_t>(byte);
  }
  return wrong == 0;
}

template <typename T>
bool convert(PixelScale scale, const std::byte* source, std::uint8_t* target, std::size_t count) {
  return scale == PixelScale::bytes ? whole_numbers<T>(source, target, count)
                                    : fractions<T>(source, target, count);
}

bool convert_native(formats::NumpyType type, PixelScale scale, const std::byte* source, std::uint8_t* target,
                    std::size_t count) {
  if (type.letter == 'f') {
    return type.size == 4 ? convert<float>(scale, source, target, count)
                          : convert<double>(scale, source, target, count);
  }
  const bool is_signed = type.letter == 'i';
  switch (type.size) {
    case 1:
      return is_signed ? convert<std::int8_t>(scale, source, target, count)
                       : convert<std::uint8_t>(scale, source, target, count);
    case 2:
      return is_signed ? convert<std::int16_t>(scale, source, target, count)
                       : convert<std::uint16_t>(scale, source, target, count);
    case 4:
      return is_signed ? convert<std::int32_t>(scale, source, target, count)
                       : convert<std::uint32_t>(scale, source, target, count);
    default:
      return is_signed ? convert<std::int64_t>(scale, source, target, count)
                       : convert<std::uint64_t>(scale, source, target, count);
  }
}

bool convert_swapped(formats::NumpyType type, PixelScale scale, const std::byte* source, std::uint8_t* target,
                     std::size_t count) {
  bool right = true;
  for (std::size_t i = 0; i < count; ++i) {
    std::byte swapped[8] = {};
    for (std::size_t b = 0; b < type.size; ++b) swapped[b] = source[(i + 1) * type.size - 1 - b];
    right = convert_native(type, scale, swapped, target + i, 1) && right;
  }
  return right;
}

bool convert_all(formats::NumpyType type, PixelScale scale, const std::byte* source, std::uint8_t* target,
                 std::size_t count) {
  if (type.big_endian && type.size > 1) return convert_swapped(type, scale, source, target, count);
  return convert_native(type, scale, source, target, count);
}

/// Converts `count` numbers. @param source count * type.size bytes.
/// @returns the index of the first number that is no pixel on this scale, or `count`.
std::size_t convert_numbers(formats::NumpyType type, PixelScale scale, const std::byte* source,
                            std::uint8_t* target, std::size_t count) {
  if (convert_all(type, scale, source, target, count)) return count;
  std::size_t first = 0;
  while (convert_all(type, scale, source + first * type.size, target + first, 1)) ++first;
  return first;
}

constexpr std::size_t kBlock = 16;
using Bytes = std::uint8_t __attribute__((vector_size(kBlock)));

/// Transposes 16 x 16 bytes: four rounds that interleave the two halves.
void transpose_block(const std::uint8_t* source, std::size_t source_step, std::uint8_t* target,
                     std::size_t target_step) {
  std::array<Bytes, kBlock> now, next;
  for (std::size_t i = 0; i < kBlock; ++i) std::memcpy(&now[i], source + i * source_step, kBlock);
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < kBlock / 2; ++i) {
      const Bytes a = now[i];
      const Bytes b = now[i + kBlock / 2];
      next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] =
          __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    now = next;
  }
  for (std::size_t i = 0; i < kBlock; ++i) std::memcpy(target + i * target_step, &now[i], kBlock);
}

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
    std::size_t from, to, length;  // Consecutive stored columns of consecutive pixels.
  };
  struct Column {
    const std::byte* source;
    NumpyType type;
    std::int32_t pixel;
    const PixelPlane* plane;
  };

  static std::vector<Run> runs_of(const PixelPlane& plane);
  void convert(const PixelPlane& plane, NumpyType type, const std::byte* source, std::uint8_t* target,
               std::size_t count) const;
  [[noreturn]] void refuse(const PixelPlane& plane, const formats::PickledScalar& scalar) const;
  void write_image(const PixelPlane& plane, std::span<const Run> runs, NumpyType type,
                   const std::byte* source, std::uint8_t* image);
  void take_columns(const PixelPlane& plane, ArrayStream& stream);
  void flush_columns();
  [[nodiscard]] bool are_neighbours(std::size_t first, std::size_t count) const;
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
    const auto pixel = static_cast<std::size_t>(plane.pixels[i]);
    const bool follows = !runs.empty() && runs.back().from + runs.back().length == i &&
                         runs.back().to + runs.back().length == pixel;
    if (follows) {
      ++runs.back().length;
    } else {
      runs.push_back({i, pixel, 1});
    }
  }
  return runs;
}

void Converter::write_image(const PixelPlane& plane, std::span<const Run> runs, NumpyType type,
                            const std::byte* source, std::uint8_t* image) {
  if (runs.size() < plane.pixels.size()) {
    for (const Run& run : runs) {
      convert(plane, type, source + run.from * type.size, image + run.to, run.length);
    }
    return;
  }
  // Channels first, so no two neighbours stay neighbours: converts all at once, then scatters them.
  std::array<std::uint8_t, kImage> row{};
  convert(plane, type, source, row.data(), runs.size());
  for (const Run& run : runs) image[run.to] = row[run.from];
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
      write_image(plane, runs, type, source, &images_[row * kImage]);
    }
  }
}

/// @returns whether the columns are 16 neighbouring pixels, so that they can be transposed as a block.
bool Converter::are_neighbours(std::size_t first, std::size_t count) const {
  for (std::size_t i = 1; i < count; ++i) {
    if (group_[first + i].pixel != group_[first + i - 1].pixel + 1) return false;
  }
  return count == kBlock;
}

void Converter::write_tile(std::size_t first, std::size_t count) {
  const std::size_t columns = group_.size();
  for (std::size_t c = 0; c < columns; ++c) {
    const Column& column = group_[c];
    convert(*column.plane, column.type, column.source + first * column.type.size, &tile_[c * kTileRows],
            count);
  }
  for (std::size_t c = 0; c < columns; c += kBlock) {
    const std::size_t wide = std::min(kBlock, columns - c);
    const std::size_t whole = are_neighbours(c, wide) ? count / kBlock * kBlock : 0;
    for (std::size_t r = 0; r < whole; r += kBlock) {
      transpose_block(&tile_[c * kTileRows + r], kTileRows, &images_[(first + r) * kImage + group_[c].pixel],
                      kImage);
    }
    for (std::size_t r = whole; r < count; ++r) {
      std::uint8_t* image = &images_[(first + r) * kImage];
      for (std::size_t i = c; i < c + wide; ++i) image[group_[i].pixel] = tile_[i * kTileRows + r];
    }
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
    const std::size_t capacity =
        std::max<std::size_t>(1, (kGroupBytes - std::min(kGroupBytes, group_bytes_)) / bytes);
    const std::size_t count = std::min({kGroupColumns - group_.size(), capacity, until_label});
    const std::byte* source = stream.next(count * rows_).data();
    for (std::size_t i = 0; i < count; ++i) {
      group_.push_back({source + i * rows_ * type.size, type, plane.pixels[next + i], &plane});
    }
    next += count;
    group_bytes_ += count * bytes;
    // The next call of `next` invalidates this piece, so the group is converted before it.
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
