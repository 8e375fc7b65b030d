#include "data/sources/mat_source.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "core/thread_pool.h"
#include "data/prepared.h"
#include "formats/mat/mat.h"

namespace svhn::data {
namespace {

using formats::DType;
using formats::MatFile;
using formats::MatVariable;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what, std::string hint) {
  throw core::Error(core::ExitCode::data, "'" + path.string() + "': " + what, std::move(hint));
}

const MatVariable& require(const MatFile& file, const std::filesystem::path& path, std::string_view name) {
  const MatVariable* variable = file.find(name);
  if (variable == nullptr) {
    refuse(path, "no array '" + std::string(name) + "'", "Stanford's files hold X [32,32,3,N] and y [N,1]");
  }
  return *variable;
}

void check_images(const MatVariable& x, const std::filesystem::path& path) {
  const bool fits = x.dtype == DType::u8 && x.shape.size() == 4 && x.shape[0] == kSide &&
                    x.shape[1] == kSide && x.shape[2] == kChannels && x.shape[3] > 0;
  if (!fits) {
    refuse(path, "X is " + std::string(formats::safetensors_name(x.dtype)) + " " + core::shape_text(x.shape),
           "expected U8 [32,32,3,N]");
  }
}

void check_labels(const MatVariable& y, std::int64_t rows, const std::filesystem::path& path) {
  const bool fits = y.shape.size() == 2 && std::min(y.shape[0], y.shape[1]) == 1 &&
                    std::max(y.shape[0], y.shape[1]) == rows;
  if (!fits)
    refuse(path, "y is " + core::shape_text(y.shape) + " beside " + std::to_string(rows) + " images",
           "expected [N,1]");
}

/// Converts one image in place from column-major [row, column, channel] to row-major.
void transpose_image(std::uint8_t* image) {
  std::array<std::uint8_t, static_cast<std::size_t>(kImageBytes)> source;
  std::memcpy(source.data(), image, source.size());
  for (std::size_t y = 0; y < kSide; ++y) {
    std::uint8_t* out = image + y * kSide * kChannels;
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::uint8_t* in = source.data() + x * kSide + y;
      *out++ = in[0];
      *out++ = in[kSide * kSide];
      *out++ = in[2 * kSide * kSide];
    }
  }
}

std::vector<std::uint8_t> read_images(const MatFile& file, const MatVariable& x) {
  std::vector<std::uint8_t> images = file.read(x);
  constexpr std::int64_t kBatch = 256;
  const std::int64_t rows = x.shape[3];
  core::parallel_for((rows + kBatch - 1) / kBatch, 0, [&images, rows](std::int64_t piece) {
    for (std::int64_t row = piece * kBatch; row < std::min(rows, (piece + 1) * kBatch); ++row) {
      transpose_image(images.data() + row * kImageBytes);
    }
  });
  return images;
}

/// Reads labels stored as type T. @throws core::Error for one that is not an integer.
template <typename T>
std::vector<std::int64_t> read_numbers(const MatFile& file, const MatVariable& y,
                                       const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = file.read(y);
  std::vector<T> numbers(y.elements);
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  std::vector<std::int64_t> labels(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto value = static_cast<double>(numbers[i]);
    // Labels are small; the bound makes the conversion well-defined for every type.
    if (!(std::abs(value) <= 1e9) || value != std::floor(value)) {
      refuse(path, "y is no whole number in row " + std::to_string(i), "labels are whole numbers");
    }
    labels[i] = static_cast<std::int64_t>(value);
  }
  return labels;
}

std::vector<std::int64_t> read_labels(const MatFile& file, const MatVariable& y,
                                      const std::filesystem::path& path) {
  switch (y.dtype) {
    case DType::u8:
      return read_numbers<std::uint8_t>(file, y, path);
    case DType::i8:
      return read_numbers<std::int8_t>(file, y, path);
    case DType::u16:
      return read_numbers<std::uint16_t>(file, y, path);
    case DType::i16:
      return read_numbers<std::int16_t>(file, y, path);
    case DType::u32:
      return read_numbers<std::uint32_t>(file, y, path);
    case DType::i32:
      return read_numbers<std::int32_t>(file, y, path);
    case DType::u64:
      return read_numbers<std::uint64_t>(file, y, path);
    case DType::i64:
      return read_numbers<std::int64_t>(file, y, path);
    case DType::f32:
      return read_numbers<float>(file, y, path);
    default:
      return read_numbers<double>(file, y, path);
  }
}

}  // namespace

RawDigits read_mat(const std::filesystem::path& path) {
  const MatFile file(path);
  const MatVariable& x = require(file, path, "X");
  const MatVariable& y = require(file, path, "y");
  check_images(x, path);
  check_labels(y, x.shape[3], path);
  RawDigits digits;
  digits.labels = read_labels(file, y, path);
  digits.images = read_images(file, x);
  return digits;
}

}  // namespace svhn::data
