#include "data/sources/pickled.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "core/file.h"
#include "data/prepared.h"
#include "data/sources/pickled_pixels.h"
#include "formats/pickle/column.h"
#include "formats/pickle/frame.h"
#include "formats/pickle/globals.h"

namespace svhn::data {
namespace {

using formats::FrameGlobal;
using formats::Pickle;
using formats::PickledArray;
using formats::PickledScalar;
using formats::PickleKind;
using formats::PickleValue;

constexpr const char* kForms =
    "a DataFrame of 3072 pixel columns and a class, (X, y), or a dict with X and y are read";

/// An axis of an image array: its length and its stride in an image, in elements.
struct Axis {
  std::int64_t length, stride;
};

constexpr Axis kHeight{kSide, kSide* kChannels};
constexpr Axis kWidth{kSide, kChannels};
constexpr Axis kColour{kChannels, 1};
constexpr Axis kFlat{kImageBytes, 1};

/// The pixel axes of an array in the order of its shape, and whether N is the first or the last axis.
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

/// @returns the pixel indices in storage order; the last axis varies fastest.
std::vector<std::int32_t> nested_pixels(std::span<const Axis> axes) {
  std::vector<std::int32_t> pixels{0};
  for (const Axis& axis : axes) {
    std::vector<std::int32_t> finer;
    for (const std::int32_t base : pixels) {
      for (std::int64_t i = 0; i < axis.length; ++i) {
        finer.push_back(base + static_cast<std::int32_t>(i * axis.stride));
      }
    }
    pixels = std::move(finer);
  }
  return pixels;
}

void check_numeric(const Pickle& pickle, const PickledArray& array) {
  const char letter = array.type.letter;
  if (letter == 'i' || letter == 'u' || letter == 'f' || letter == 'O') return;
  pickle.fail("pixels of type " + array.type.name() + " are not read", array.position,
              "save them as integers 0..255 or as floats");
}

/// @returns the pixel index of each column of a frame; the label column has none.
std::vector<std::int32_t> frame_pixels(std::span<const std::int64_t> columns, std::int64_t label) {
  std::vector<std::int32_t> pixels;
  for (const std::int64_t column : columns) {
    const std::int64_t pixel = label >= 0 && column > label ? column - 1 : column;
    pixels.push_back(column == label ? kNoPixel : static_cast<std::int32_t>(pixel));
  }
  return pixels;
}

/// @param array of shape [N,3072], [N,3073] (the last column is skipped), [N,32,32,3],
/// [N,3,32,32] or [32,32,3,N].
/// @param rows set to N. @throws core::Error for another shape.
PixelPlane plane_of_array(const Pickle& pickle, const PickledArray& array, std::int64_t& rows) {
  check_numeric(pickle, array);
  Arrangement arrangement = arrangement_of(pickle, array);
  rows = arrangement.images_first ? array.shape.front() : array.shape.back();
  if (array.fortran) std::reverse(arrangement.axes.begin(), arrangement.axes.end());
  PixelPlane plane{array, arrangement.images_first != array.fortran, nested_pixels(arrangement.axes)};
  if (array.shape.size() == 2) plane.pixels.resize(static_cast<std::size_t>(array.shape[1]), kNoPixel);
  return plane;
}

/// @param label index of the column without pixels, or -1. The other columns must be 3072.
/// @throws core::Error when a column is neither number nor object.
std::vector<PixelPlane> planes_of_frame(const Pickle& pickle, const formats::PickledFrame& frame,
                                        std::int64_t label) {
  std::vector<PixelPlane> planes;
  for (const formats::PickledBlock& block : frame.blocks) {
    std::vector<std::int32_t> pixels = frame_pixels(block.columns, label);
    if (pixels == std::vector<std::int32_t>{kNoPixel}) continue;
    if (block.extension.kind != formats::PickleKind::none) {
      pickle.fail("a pixel column is of a kind that is not read", pickle.position(block.extension),
                  "save pixels as integers 0..255 or as floats");
    }
    check_numeric(pickle, block.values);
    const bool by_image = block.values.fortran && block.values.shape.size() == 2;
    planes.push_back({block.values, by_image, std::move(pixels)});
  }
  return planes;
}

/// Images and labels of a data set in a pickle; y is missing when X contains the labels.
struct Parts {
  PickleValue x;
  std::optional<PickleValue> y;
  bool torchvision = false;  ///< Named as in torchvision's data sets.
};

const PickleValue* find_any(const Pickle& pickle, PickleValue dict, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const PickleValue* found = pickle.find(dict, key);
    if (found != nullptr) return found;
  }
  return nullptr;
}

Parts parts_of_dict(const Pickle& pickle, PickleValue dict) {
  const PickleValue* x = find_any(pickle, dict, {"X", "x", "data", "images"});
  if (x == nullptr) pickle.fail("the dict has no key X, data or images", pickle.position(dict), kForms);
  const PickleValue* y = find_any(pickle, dict, {"y", "Y", "target", "targets", "label", "labels", "class"});
  if (y == nullptr) return {*x, std::nullopt};
  return {*x, *y, x == pickle.find(dict, "data") && y == pickle.find(dict, "labels")};
}

Parts find_parts(const Pickle& pickle) {
  const PickleValue root = pickle.root();
  if (root.kind == PickleKind::dict || is_call(pickle, root, FrameGlobal::bunch)) {
    return parts_of_dict(pickle, root);
  }
  if (is_call(pickle, root, FrameGlobal::data_set)) return parts_of_dict(pickle, pickle.state(root));
  if (is_frame(pickle, root) || is_numpy(pickle, root)) return {root, std::nullopt};
  const bool sequence = root.kind == PickleKind::tuple || root.kind == PickleKind::list;
  const auto items = sequence ? pickle.items(root) : std::span<const PickleValue>{};
  if (items.empty()) pickle.fail("the pickle holds no digits", pickle.position(root), kForms);
  if (items.size() == 1) return {items[0], std::nullopt};
  return {items[0], items[1]};
}

bool is_label_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* known : {"class", "label", "labels", "target", "targets", "y", "digit"}) {
    if (name == known) return true;
  }
  return false;
}

/// @returns the index of a frame's label column, or -1 when all of its columns are pixels.
std::int64_t find_label(const Pickle& pickle, const formats::PickledFrame& frame) {
  if (frame.columns == kImageBytes) return -1;
  if (frame.columns != kImageBytes + 1) {
    pickle.fail("the data frame has " + std::to_string(frame.columns) + " columns", frame.position,
                "3072 pixel columns, and a class unless it stands beside the frame, are read");
  }
  const auto found = std::find_if(frame.names.begin(), frame.names.end(), is_label_name);
  return found == frame.names.end() ? kImageBytes : found - frame.names.begin();
}

std::optional<std::int64_t> parse_label(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  if (std::floor(number) != number || std::abs(number) > 1e6) return {};
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> label_of(const PickledScalar& scalar) {
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return *whole;
  if (const auto* text = std::get_if<std::string>(&scalar)) return parse_label(*text);
  const auto* real = std::get_if<double>(&scalar);
  if (real == nullptr || std::floor(*real) != *real || std::abs(*real) > 1e6) return {};
  return static_cast<std::int64_t>(*real);
}

std::vector<std::int64_t> labels_of(const Pickle& pickle, std::span<const PickledScalar> scalars,
                                    std::size_t position) {
  std::vector<std::int64_t> labels;
  labels.reserve(scalars.size());
  for (const PickledScalar& scalar : scalars) {
    const auto label = label_of(scalar);
    if (!label) {
      const bool missing = std::holds_alternative<std::monostate>(scalar);
      pickle.fail("the label of row " + std::to_string(labels.size()) +
                      (missing ? " is missing (NaN or None)" : " is not a whole number"),
                  position, "every row needs a whole number, or text that is one, as its label");
    }
    labels.push_back(*label);
  }
  return labels;
}

std::vector<std::int64_t> read_labels(const Pickle& pickle, const std::optional<PickleValue>& y,
                                      std::int64_t rows) {
  if (!y) pickle.fail("the pickle holds images without labels", pickle.position(pickle.root()), kForms);
  const std::size_t position = pickle.position(*y);
  if (!is_frame(pickle, *y)) return labels_of(pickle, formats::ColumnReader(pickle).read(*y, rows), position);
  const formats::PickledFrame frame = formats::read_frame(pickle, *y);
  if (frame.columns != 1 || frame.rows != rows) {
    pickle.fail("the frame of labels does not have one column and a row for each image", position, kForms);
  }
  return labels_of(pickle, formats::read_frame_column(pickle, frame, 0), position);
}

/// Checks that every pixel of an image is written.
void check_coverage(const Pickle& pickle, std::span<const PixelPlane> planes) {
  std::vector<bool> seen(static_cast<std::size_t>(kImageBytes));
  std::size_t written = 0;
  for (const PixelPlane& plane : planes) {
    for (const std::int32_t pixel : plane.pixels) {
      if (pixel == kNoPixel) continue;
      written += !seen.at(static_cast<std::size_t>(pixel)) ? 1 : 0;
      seen[static_cast<std::size_t>(pixel)] = true;
    }
  }
  if (written != seen.size()) pickle.fail("pixels are missing", pickle.position(pickle.root()), {});
}

RawDigits convert(const Pickle& pickle, std::span<const PixelPlane> planes, std::int64_t rows,
                  std::vector<std::int64_t> labels) {
  if (rows == 0) pickle.fail("the pickle holds no images", pickle.position(pickle.root()), kForms);
  check_coverage(pickle, planes);
  RawDigits digits;
  digits.labels = std::move(labels);
  digits.images.resize(static_cast<std::size_t>(rows * kImageBytes));
  convert_pixels(pickle, planes, rows, digits.images);
  return digits;
}

RawDigits read_from_frame(const Pickle& pickle, const Parts& parts) {
  const formats::PickledFrame frame = formats::read_frame(pickle, parts.x);
  const std::int64_t label = find_label(pickle, frame);
  const auto planes = planes_of_frame(pickle, frame, label);
  if (label < 0) return convert(pickle, planes, frame.rows, read_labels(pickle, parts.y, frame.rows));
  const auto scalars = formats::read_frame_column(pickle, frame, label);
  return convert(pickle, planes, frame.rows, labels_of(pickle, scalars, frame.position));
}

RawDigits read_from_array(const Pickle& pickle, const Parts& parts) {
  if (!is_numpy(pickle, parts.x)) {
    pickle.fail("the pickle holds neither a data frame nor an array of images", pickle.position(parts.x),
                kForms);
  }
  formats::PickledArray array = formats::read_numpy(pickle, parts.x);
  std::int64_t rows = 0;
  const PixelPlane plane = plane_of_array(pickle, array, rows);
  if (std::ssize(plane.pixels) == kImageBytes) {
    RawDigits digits = convert(pickle, {&plane, 1}, rows, read_labels(pickle, parts.y, rows));
    const bool channels_first =
        array.shape.size() == 4 && array.shape[1] == kChannels && array.shape[3] == kSide;
    // torchvision.datasets.SVHN has `data` [N,3,32,32] and `labels`, in which 0 is the digit 0.
    if (channels_first || parts.torchvision) digits.rule = LabelRule::digit;
    return digits;
  }
  // Seen as a frame's block, [columns, rows] in the other order, the last column holds the labels.
  std::swap(array.shape[0], array.shape[1]);
  array.fortran = !array.fortran;
  const auto scalars = formats::read_column_elements(pickle, array, static_cast<std::size_t>(kImageBytes));
  return convert(pickle, {&plane, 1}, rows, labels_of(pickle, scalars, array.position));
}

RawDigits read(std::span<const std::byte> bytes, formats::PickleOptions options) {
  options.globals = formats::frame_globals();
  const Pickle pickle(bytes, std::move(options));
  const Parts parts = find_parts(pickle);
  return is_frame(pickle, parts.x) ? read_from_frame(pickle, parts) : read_from_array(pickle, parts);
}

}  // namespace

RawDigits read_pickled_frame(const std::filesystem::path& path) {
  const core::MappedFile file(path, core::ExitCode::data);
  formats::PickleOptions options;
  options.file = path.string();
  options.release = [&file](std::size_t offset, std::size_t length) { file.release(offset, length); };
  return read(file.bytes(), std::move(options));
}

RawDigits read_pickled_bytes(std::span<const std::byte> bytes, const std::string& name) {
  formats::PickleOptions options;
  options.file = name;
  return read(bytes, std::move(options));
}

}  // namespace svhn::data
