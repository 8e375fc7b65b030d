// Elements of numpy arrays: `ArrayStream` and single elements.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "formats/pickle/numpy.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kStreamReleaseBytes = std::size_t{1} << 20;

std::uint64_t load_unsigned(std::span<const std::byte> bytes, bool big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t shift = big_endian ? bytes.size() - 1 - i : i;
    value |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * shift;
  }
  return value;
}

std::int64_t sign_extend(std::uint64_t value, std::size_t size) {
  const int unused = 64 - 8 * static_cast<int>(size);
  return std::bit_cast<std::int64_t>(value << unused) >> unused;
}

PickledScalar number(double value) {
  return value == value ? PickledScalar(value) : PickledScalar();
}

PickledScalar decode_float(std::uint64_t bits, std::size_t size) {
  if (size == 4) return number(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return number(std::bit_cast<double>(bits));
}

/// numpy pads texts with zeros. Labels are ASCII; other characters become '?' and never match a label.
std::string decode_text(NumpyType type, std::span<const std::byte> bytes) {
  const std::size_t step = type.letter == 'U' ? 4 : 1;
  std::string text;
  for (std::size_t i = 0; i + step <= bytes.size(); i += step) {
    const std::uint64_t character = load_unsigned(bytes.subspan(i, step), type.big_endian);
    text.push_back(character < 128 ? static_cast<char>(character) : '?');
  }
  text.erase(text.find_last_not_of('\0') + 1);
  return text;
}

}  // namespace

PickledScalar decode_element(NumpyType type, std::span<const std::byte> bytes) {
  if (type.letter == 'S' || type.letter == 'U') return decode_text(type, bytes);
  const std::uint64_t bits = load_unsigned(bytes, type.big_endian);
  if (type.letter == 'f') return decode_float(bits, type.size);
  if (type.letter == 'i') return sign_extend(bits, type.size);
  // No label or pixel exceeds int64; as a double such a number stays outside every valid range.
  if (!std::in_range<std::int64_t>(bits)) return static_cast<double>(bits);
  return static_cast<std::int64_t>(bits);
}

std::vector<PickledScalar> read_elements(const Pickle& pickle, const PickledArray& array) {
  std::vector<PickledScalar> elements;
  elements.reserve(array.elements);
  if (array.coding == PickledArray::Coding::objects) {
    for (const PickleValue item : pickle.items(array.list)) {
      elements.push_back(read_scalar(pickle, item, array.position));
    }
    return elements;
  }
  ArrayStream stream(pickle, array);
  for (std::size_t i = 0; i < array.elements; ++i)
    elements.push_back(decode_element(array.type, stream.next(1)));
  return elements;
}

std::vector<PickledScalar> read_column_elements(const Pickle& pickle, const PickledArray& array,
                                                std::size_t column) {
  if (array.shape.size() == 1) return read_elements(pickle, array);
  const auto columns = static_cast<std::size_t>(array.shape[0]);
  const auto rows = static_cast<std::size_t>(array.shape[1]);
  // Elements before the first element of the column, and between two elements of it.
  const std::size_t before = array.fortran ? column : column * rows;
  const std::size_t between = array.fortran ? columns - 1 : 0;
  std::vector<PickledScalar> elements;
  if (array.coding == PickledArray::Coding::objects) {
    const auto items = pickle.items(array.list);
    for (std::size_t i = 0; i < rows; ++i) {
      elements.push_back(read_scalar(pickle, items[before + i * (between + 1)], array.position));
    }
    return elements;
  }
  ArrayStream stream(pickle, array);
  stream.skip(before);
  for (std::size_t i = 0; i < rows; ++i) {
    if (i > 0) stream.skip(between);
    elements.push_back(decode_element(array.type, stream.next(1)));
  }
  return elements;
}

ArrayStream::ArrayStream(const Pickle& pickle, const PickledArray& array)
    : pickle_(&pickle), array_(&array) {}

ArrayStream::~ArrayStream() {
  release();
}

void ArrayStream::release() {
  const auto& callback = pickle_->options().release;
  if (!callback || array_->coding == PickledArray::Coding::objects || at_ == released_) return;
  const std::size_t start = pickle_->offset_of(array_->stored);
  if (start != Pickle::kNowhere) callback(start + released_, at_ - released_);
  released_ = at_;
}

void ArrayStream::skip(std::size_t count) {
  if (array_->coding == PickledArray::Coding::latin1) {
    skip_latin1(count * array_->type.size);
  } else {
    at_ += array_->coding == PickledArray::Coding::raw ? count * array_->type.size : count;
  }
}

NumpyType ArrayStream::type() const {
  if (array_->coding == PickledArray::Coding::objects) return {'f', 8, false};
  return array_->type;
}

std::span<const std::byte> ArrayStream::next(std::size_t count) {
  const std::size_t bytes = count * type().size;
  if (at_ - released_ >= kStreamReleaseBytes) release();
  if (array_->coding == PickledArray::Coding::raw) {
    return array_->stored.subspan(std::exchange(at_, at_ + bytes), bytes);
  }
  if (array_->coding == PickledArray::Coding::latin1) {
    decode_latin1(bytes);
  } else {
    decode_objects(count);
  }
  return std::span(scratch_).first(bytes);
}

/// Copies the next 8 bytes. @returns how many of them are ASCII before the first one that is not.
std::size_t ArrayStream::copy_ascii(std::byte* target) const {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = 0;
  std::memcpy(&word, array_->stored.data() + at_, sizeof(word));
  std::memcpy(target, &word, sizeof(word));
  return static_cast<std::size_t>(std::countr_zero(word & 0x8080808080808080U)) / 8;
}

void ArrayStream::decode_latin1(std::size_t count) {
  const auto stored = array_->stored;
  scratch_.resize(count + sizeof(std::uint64_t));  // `copy_ascii` may write past the end.
  for (std::size_t i = 0; i < count;) {
    if (at_ + sizeof(std::uint64_t) <= stored.size()) {
      const std::size_t plain = std::min(copy_ascii(&scratch_[i]), count - i);
      at_ += plain;
      i += plain;
      if (plain == sizeof(std::uint64_t) || i == count) continue;
    }
    scratch_[i++] = decode_character();
  }
}

std::byte ArrayStream::decode_character() {
  const auto stored = array_->stored;
  const auto lead = at_ < stored.size() ? std::to_integer<unsigned>(stored[at_]) : 0xFFU;
  if (lead < 0x80) return stored[at_++];
  // Latin-1 beyond ASCII is two bytes, 110000xx 10xxxxxx.
  const auto follow = at_ + 1 < stored.size() ? std::to_integer<unsigned>(stored[at_ + 1]) : 0U;
  if ((lead & 0xFCU) != 0xC0U || (follow & 0xC0U) != 0x80U) {
    pickle_->fail("an array's data is not Latin-1 text of the promised length", array_->position, {});
  }
  at_ += 2;
  return static_cast<std::byte>((lead & 3U) << 6 | (follow & 0x3FU));
}

/// Counts characters instead of decoding them: every byte except a continuation byte starts one.
void ArrayStream::skip_latin1(std::size_t count) {
  constexpr std::size_t kPiece = 4096;
  const auto stored = array_->stored;
  const auto starts = [](std::byte b) { return (std::to_integer<unsigned>(b) & 0xC0U) != 0x80U; };
  while (at_ + kPiece <= stored.size()) {
    const auto piece = stored.subspan(at_, kPiece);
    const auto found = static_cast<std::size_t>(std::count_if(piece.begin(), piece.end(), starts));
    if (found >= count) break;
    count -= found;
    at_ += kPiece;
    if (at_ - released_ >= kStreamReleaseBytes) release();
  }
  // The piece may have ended between the two bytes of a character.
  while (at_ < stored.size() && !starts(stored[at_])) ++at_;
  for (; count > 0; --count) decode_character();
}

void ArrayStream::decode_objects(std::size_t count) {
  scratch_.resize(count * sizeof(double));
  const auto items = pickle_->items(array_->list).subspan(std::exchange(at_, at_ + count), count);
  for (std::size_t i = 0; i < count; ++i) {
    const PickledScalar scalar = read_scalar(*pickle_, items[i], array_->position);
    double value = std::bit_cast<double>(~std::uint64_t{0});  // A missing value is NaN, as in numpy.
    if (const auto* whole = std::get_if<std::int64_t>(&scalar)) value = static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(&scalar)) value = *real;
    if (std::holds_alternative<std::string>(scalar)) {
      pickle_->fail("an array holds text where numbers belong", array_->position, {});
    }
    std::memcpy(scratch_.data() + i * sizeof(double), &value, sizeof(double));
  }
}

}  // namespace svhn::formats
