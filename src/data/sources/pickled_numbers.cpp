// Numbers of every width to bytes. Each loop runs without branches, so that the compiler vectorises it; only
// when something was wrong is the first culprit looked for.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "data/sources/pickled_pixels.h"

namespace svhn::data {
namespace {

template <typename T>
T load(const std::byte* source, std::size_t i) {
  T value;
  std::memcpy(&value, source + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
T clamp_to(T value, T high) {
  const T low = value > T{0} ? value : T{0};  // NaN becomes 0 and is found by the comparison afterwards.
  return low < high ? low : high;
}

template <typename T>
bool whole_numbers(const std::byte* source, std::uint8_t* target, std::size_t count) {
  unsigned wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const T value = load<T>(source, i);
    if constexpr (std::is_integral_v<T>) {
      // Seen as unsigned, a negative number lies above everything its own type allows.
      constexpr std::uint64_t kMost = std::min<std::uint64_t>(255, std::numeric_limits<T>::max());
      wrong |= static_cast<unsigned>(static_cast<std::make_unsigned_t<T>>(value) > kMost);
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
  constexpr double kTolerance = 1e-4;  // float32 keeps 255 to 1.5e-5; two roundings are well inside.
  unsigned wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double scaled = 255.0 * static_cast<double>(load<T>(source, i));
    // lround would keep this loop from being vectorised, and the value is not negative.
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
    std::byte turned[8] = {};
    for (std::size_t b = 0; b < type.size; ++b) turned[b] = source[(i + 1) * type.size - 1 - b];
    right = convert_native(type, scale, turned, target + i, 1) && right;
  }
  return right;
}

bool convert_all(formats::NumpyType type, PixelScale scale, const std::byte* source, std::uint8_t* target,
                 std::size_t count) {
  if (type.big_endian && type.size > 1) return convert_swapped(type, scale, source, target, count);
  return convert_native(type, scale, source, target, count);
}

}  // namespace

std::size_t convert_numbers(formats::NumpyType type, PixelScale scale, const std::byte* source,
                            std::uint8_t* target, std::size_t count) {
  if (convert_all(type, scale, source, target, count)) return count;
  std::size_t first = 0;
  while (convert_all(type, scale, source + first * type.size, target + first, 1)) ++first;
  return first;
}

}  // namespace svhn::data
