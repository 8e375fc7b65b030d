// Which stored column of an array or frame is which pixel.
#include <algorithm>
#include <array>
#include <numeric>

#include "data/prepared.h"
#include "data/sources/pickled_pixels.h"

namespace svhn::data {
namespace {

using formats::Pickle;
using formats::PickledArray;

/// An axis of an image array: how long it is, and how far apart in an image its neighbours stand.
struct Axis {
  std::int64_t length, stride;
};

constexpr Axis kHeight{kSide, kSide* kChannels};
constexpr Axis kWidth{kSide, kChannels};
constexpr Axis kColour{kChannels, 1};
constexpr Axis kFlat{kImageBytes, 1};

/// The pixel axes of an array in the order of its shape, and whether N comes first or last.
struct Arrangement {
  std::vector<Axis> axes;
  bool images_first = true;
};

Arrangement arrangement_of(const Pickle& pickle, const PickledArray& array) {
  const auto& shape = array.shape;
  const auto is = [&](std::size_t first, std::initializer_list<std::int64_t> lengths) {
    return shape.size() == 4 &&
           std::equal(lengths.begin(), lengths.end(), shape.begin() + std::ptrdiff_t(first));
  };
  if (is(1, {kSide, kSide, kChannels})) return {{kHeight, kWidth, kColour}, true};
  if (is(1, {kChannels, kSide, kSide})) return {{kColour, kHeight, kWidth}, true};
  if (is(0, {kSide, kSide, kChannels})) return {{kHeight, kWidth, kColour}, false};
  if (shape.size() == 2 && (shape[1] == kImageBytes || shape[1] == kImageBytes + 1)) return {{kFlat}, true};
  std::string text;
  for (const std::int64_t length : shape) text += (text.empty() ? "" : ",") + std::to_string(length);
  pickle.fail("an array of shape [" + text + "] does not hold 32x32 RGB images", array.position,
              "[N,3072], [N,32,32,3], [N,3,32,32] and [32,32,3,N] are read");
}

/// Places of all pixels when the axes are nested in the given order, the last varying fastest.
std::vector<std::int32_t> nested_places(std::span<const Axis> axes) {
  std::vector<std::int32_t> places{0};
  for (const Axis& axis : axes) {
    std::vector<std::int32_t> finer;
    for (const std::int32_t base : places) {
      for (std::int64_t i = 0; i < axis.length; ++i) {
        finer.push_back(base + static_cast<std::int32_t>(i * axis.stride));
      }
    }
    places = std::move(finer);
  }
  return places;
}

void check_numeric(const Pickle& pickle, const PickledArray& array) {
  const char letter = array.type.letter;
  if (letter == 'i' || letter == 'u' || letter == 'f' || letter == 'O') return;
  pickle.fail("pixels of type " + array.type.name() + " are not read", array.position,
              "save them as integers 0..255 or as floats");
}

/// Places of the columns of a frame: the pixels in their order, without the label.
std::vector<std::int32_t> frame_places(std::span<const std::int64_t> columns, std::int64_t label) {
  std::vector<std::int32_t> places;
  for (const std::int64_t column : columns) {
    const std::int64_t place = label >= 0 && column > label ? column - 1 : column;
    places.push_back(column == label ? kNoPixel : static_cast<std::int32_t>(place));
  }
  return places;
}

}  // namespace

PixelPlane plane_of_array(const Pickle& pickle, const PickledArray& array, std::int64_t& rows) {
  check_numeric(pickle, array);
  Arrangement arrangement = arrangement_of(pickle, array);
  rows = arrangement.images_first ? array.shape.front() : array.shape.back();
  if (array.fortran) std::reverse(arrangement.axes.begin(), arrangement.axes.end());
  PixelPlane plane{array, arrangement.images_first != array.fortran, nested_places(arrangement.axes)};
  if (array.shape.size() == 2) plane.pixels.resize(static_cast<std::size_t>(array.shape[1]), kNoPixel);
  return plane;
}

std::vector<PixelPlane> planes_of_frame(const Pickle& pickle, const formats::PickledFrame& frame,
                                        std::int64_t label) {
  std::vector<PixelPlane> planes;
  for (const formats::PickledBlock& block : frame.blocks) {
    std::vector<std::int32_t> places = frame_places(block.columns, label);
    if (places == std::vector<std::int32_t>{kNoPixel}) continue;
    if (block.extension.kind != formats::PickleKind::none) {
      pickle.fail("a pixel column is of a kind that is not read", pickle.position(block.extension),
                  "save pixels as integers 0..255 or as floats");
    }
    check_numeric(pickle, block.values);
    const bool by_image = block.values.fortran && block.values.shape.size() == 2;
    planes.push_back({block.values, by_image, std::move(places)});
  }
  return planes;
}

}  // namespace svhn::data
