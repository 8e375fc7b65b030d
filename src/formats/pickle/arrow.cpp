// Text columns that pandas keeps as Arrow arrays.
// @see https://arrow.apache.org/docs/format/Columnar.html, "Variable-size Binary Layout"
#include <array>
#include <cstring>
#include <string>

#include "formats/pickle/column.h"
#include "formats/pickle/globals.h"

namespace svhn::formats {
namespace {

constexpr std::uint64_t kLongestText = 64;
constexpr std::size_t kMostDecoded = std::size_t{64} << 20;

/// The pieces of one Arrow array of texts; `width` bytes an offset.
struct ArrowTexts {
  std::span<const std::byte> validity, offsets, data;
  std::size_t width, first, length;

  [[nodiscard]] bool holds_together() const {
    std::size_t end = 0;
    if (__builtin_add_overflow(first, length, &end) || end >= offsets.size() / width) return false;
    return validity.empty() || end / 8 + (end % 8 != 0 ? 1 : 0) <= validity.size();
  }
  [[nodiscard]] bool valid(std::size_t i) const {
    if (validity.empty()) return true;
    return (std::to_integer<unsigned>(validity[(first + i) / 8]) >> (first + i) % 8 & 1U) != 0;
  }
  [[nodiscard]] std::uint64_t offset(std::size_t i) const {
    std::uint64_t value = 0;
    std::memcpy(&value, offsets.data() + (first + i) * width, width);
    return value;
  }
  /// @returns whether all texts were there; names and labels are short.
  [[nodiscard]] bool append_to(std::vector<PickledScalar>& out) const {
    if (!holds_together()) return false;
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint64_t begin = offset(i);
      const std::uint64_t end = offset(i + 1);
      if (begin > end || end > data.size() || end - begin > kLongestText) return false;
      const auto* text = reinterpret_cast<const char*>(data.data()) + begin;
      out.push_back(valid(i) ? PickledScalar(std::string(text, end - begin)) : PickledScalar());
    }
    return true;
  }
};

}  // namespace

ColumnReader::Scalars ColumnReader::read_arrow(PickleValue array, Count count) {
  const PickleValue content = member(pickle_.state(array), {"_pa_array", "_data"});
  Scalars out;
  if (is_call(pickle_, content, FrameGlobal::arrow_chunks)) {
    const auto arguments = pickle_.items(pickle_.arguments(content));
    if (arguments.empty()) refuse(content, "an Arrow column has no content");
    for (const PickleValue chunk : pickle_.items(arguments[0])) add_arrow(chunk, count, out);
  } else {
    add_arrow(content, count, out);
  }
  check_count(out.size(), count, array);
  return out;
}

std::span<const std::byte> ColumnReader::arrow_buffer(PickleValue value, std::vector<std::byte>& owned) {
  if (value.kind == PickleKind::none) return {};
  const bool known = is_call(pickle_, value, FrameGlobal::arrow_buffer);
  const auto arguments = known ? pickle_.items(pickle_.arguments(value)) : std::span<const PickleValue>{};
  if (arguments.empty()) refuse(value, "an Arrow column's buffer is missing");
  // One buffer may be named again and again; what is decoded of it must stay bounded.
  const auto bytes = read_bytes(pickle_, arguments[0], owned);
  decoded_ += owned.size();
  if (decoded_ > kMostDecoded) refuse(value, "an Arrow column is far larger than its values");
  return bytes;
}

void ColumnReader::add_arrow(PickleValue restore, Count count, Scalars& out) {
  const bool known = is_call(pickle_, restore, FrameGlobal::arrow_restore);
  const auto outer = known ? pickle_.items(pickle_.arguments(restore)) : std::span<const PickleValue>{};
  const auto fields = outer.empty() ? outer : pickle_.items(outer[0]);
  if (fields.size() < 5 || !is_call(pickle_, fields[0], FrameGlobal::arrow_type)) {
    refuse(restore, "an Arrow column is of a kind that is not read");
  }
  const auto type = pickle_.items(pickle_.arguments(fields[0]));
  const auto buffers = pickle_.items(fields[4]);
  const std::string_view name = type.empty() ? std::string_view{} : pickle_.text(type[0]);
  const bool large = name == "large_string";
  if ((!large && name != "string") || buffers.size() != 3)
    refuse(restore, "an Arrow column does not hold text");
  const std::int64_t length = pickle_.integer(fields[1]);
  const std::int64_t first = pickle_.integer(fields[3]);
  const std::int64_t room = count.value_or(kMostUncounted) - std::ssize(out);
  if (length < 0 || first < 0 || length > room) refuse(restore, "an Arrow column has a wrong length");
  ArrowTexts texts{
      {}, {}, {}, large ? 8U : 4U, static_cast<std::size_t>(first), static_cast<std::size_t>(length)};
  std::array<std::vector<std::byte>, 3> owned;
  texts.validity = arrow_buffer(buffers[0], owned[0]);
  texts.offsets = arrow_buffer(buffers[1], owned[1]);
  texts.data = arrow_buffer(buffers[2], owned[2]);
  if (!texts.append_to(out)) refuse(restore, "an Arrow column's buffers do not fit together");
}

}  // namespace svhn::formats
