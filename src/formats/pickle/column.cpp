#include "formats/pickle/column.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "formats/pickle/frame.h"
#include "formats/pickle/globals.h"

namespace svhn::formats {
namespace {

constexpr int kMaxDepth = 8;

constexpr std::uint64_t kMaxTextBytes = 64;
constexpr std::size_t kMaxDecodedBytes = std::size_t{64} << 20;

/// The buffers of one Arrow array of texts; an offset has `width` bytes.
/// @see https://arrow.apache.org/docs/format/Columnar.html, "Variable-size Binary Layout"
struct ArrowTexts {
  std::span<const std::byte> validity, offsets, data;
  std::size_t width, first, length;

  [[nodiscard]] bool is_consistent() const {
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
  /// @returns false when a text is outside the data or too long; names and labels are short.
  [[nodiscard]] bool append_to(std::vector<PickledScalar>& out) const {
    if (!is_consistent()) return false;
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint64_t begin = offset(i);
      const std::uint64_t end = offset(i + 1);
      if (begin > end || end > data.size() || end - begin > kMaxTextBytes) return false;
      const auto* text = reinterpret_cast<const char*>(data.data()) + begin;
      out.push_back(valid(i) ? PickledScalar(std::string(text, end - begin)) : PickledScalar());
    }
    return true;
  }
};

}  // namespace

void ColumnReader::refuse(PickleValue value, const std::string& what) const {
  pickle_.fail(what, pickle_.position(value), {});
}

void ColumnReader::check_count(std::size_t found, Count count, PickleValue value) const {
  if (count && std::cmp_not_equal(found, *count)) {
    refuse(value,
           "a column has " + std::to_string(found) + " values where " + std::to_string(*count) + " belong");
  }
  if (!count && std::cmp_greater(found, kMaxUncounted)) refuse(value, "an index has more than 65536 values");
}

const PickleValue& ColumnReader::member(PickleValue dict, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const PickleValue* found = pickle_.find(dict, key);
    if (found != nullptr) return *found;
  }
  refuse(dict, std::string("a column's '") + *keys.begin() + "' is missing");
}

std::vector<PickledScalar> ColumnReader::read(PickleValue value, std::optional<std::int64_t> count) {
  if (++depth_ > kMaxDepth) refuse(value, "a column is made of columns too deeply");
  Scalars out = dispatch(value, count);
  --depth_;
  return out;
}

ColumnReader::Scalars ColumnReader::dispatch(PickleValue value, Count count) {
  if (value.kind == PickleKind::list || value.kind == PickleKind::tuple) return read_list(value, count);
  if (value.kind != PickleKind::object) refuse(value, "a column of values is missing where one belongs");
  switch (static_cast<FrameGlobal>(pickle_.callable_kind(value))) {
    case FrameGlobal::reconstruct:
    case FrameGlobal::from_buffer:
      return read_array(value, count);
    case FrameGlobal::series:
      return read_series(value, count);
    case FrameGlobal::new_index:
      return read_index(value, count);
    case FrameGlobal::backed_array:
    case FrameGlobal::categorical:
    case FrameGlobal::string_array:
      return read_backed(value, count);
    case FrameGlobal::masked_array:
      return read_masked(pickle_.state(value), count);
    case FrameGlobal::arrow_array:
      return read_arrow(value, count);
    default:
      refuse(value, "a column is of a kind that is not read");
  }
}

ColumnReader::Scalars ColumnReader::read_list(PickleValue list, Count count) {
  Scalars out;
  if (list.kind == PickleKind::list && pickle_.is_packed(list)) {
    const auto packed = pickle_.packed(list);
    check_count(packed.size(), count, list);
    for (const std::uint8_t number : packed) out.emplace_back(std::int64_t{number});
    return out;
  }
  const auto items = pickle_.items(list);
  check_count(items.size(), count, list);
  const std::size_t position = pickle_.position(list);
  for (const PickleValue item : items) out.push_back(read_scalar(pickle_, item, position));
  return out;
}

ColumnReader::Scalars ColumnReader::read_array(PickleValue value, Count count) {
  const PickledArray array = read_numpy(pickle_, value);
  check_count(array.elements, count, value);
  // At most one dimension may differ from 1; then the storage order is the row order.
  const auto longer = std::count_if(array.shape.begin(), array.shape.end(), [](auto n) { return n != 1; });
  if (longer > 1) refuse(value, "a column has several dimensions");
  return read_elements(pickle_, array);
}

ColumnReader::Scalars ColumnReader::read_series(PickleValue series, Count count) {
  const PickledManager manager = read_manager(pickle_, series);
  if (manager.blocks.size() != 1) refuse(series, "a series has not one block");
  return read(block_parts(pickle_, manager.blocks[0]).values, count);
}

ColumnReader::Scalars ColumnReader::read_index(PickleValue index, Count count) {
  const auto arguments = pickle_.items(pickle_.arguments(index));
  if (arguments.size() < 2) refuse(index, "an index has no content");
  if (pickle_.find(arguments[1], "data") == nullptr) return read_range(arguments[1], count);
  return read(member(arguments[1], {"data"}), count);
}

ColumnReader::Scalars ColumnReader::read_range(PickleValue fields, Count count) {
  const std::int64_t start = pickle_.integer(member(fields, {"start"}));
  const std::int64_t stop = pickle_.integer(member(fields, {"stop"}));
  const bool plain = start >= 0 && stop >= start && pickle_.integer(member(fields, {"step"})) == 1;
  if (!plain) refuse(fields, "a range index does not count up by one");
  check_count(static_cast<std::size_t>(stop - start), count, fields);
  Scalars out;
  for (std::int64_t i = start; i < stop; ++i) out.emplace_back(i);
  return out;
}

/// The state is a tuple (dtype, ndarray, …) in either order, or a dict, depending on the pandas version (1.0
/// to 3.1).
ColumnReader::Scalars ColumnReader::read_backed(PickleValue array, Count count) {
  const auto arguments = pickle_.items(pickle_.arguments(array));
  PickleValue state = pickle_.state(array);
  if (state.kind == PickleKind::none && arguments.size() == 3) state = arguments[2];
  PickleValue values;
  PickleValue dtype;
  if (state.kind == PickleKind::dict) {
    values = member(state, {"_codes", "_ndarray"});
    const PickleValue* found = pickle_.find(state, "_dtype");
    if (found != nullptr) dtype = *found;
  } else if (state.kind == PickleKind::tuple) {
    for (const PickleValue part : pickle_.items(state)) {
      if (is_numpy(pickle_, part)) values = part;
      if (is_call(pickle_, part, FrameGlobal::categorical_dtype)) dtype = part;
    }
  }
  if (values.kind == PickleKind::none) refuse(array, "a column of an extension type has no values");
  if (is_call(pickle_, dtype, FrameGlobal::categorical_dtype)) return read_categorical(values, dtype, count);
  return read(values, count);
}

ColumnReader::Scalars ColumnReader::read_categorical(PickleValue codes, PickleValue dtype, Count count) {
  const Scalars categories = read(member(pickle_.state(dtype), {"categories"}), {});
  Scalars out = read(codes, count);
  for (PickledScalar& scalar : out) {
    const auto* code = std::get_if<std::int64_t>(&scalar);
    if (code == nullptr || *code < -1 || *code >= std::ssize(categories)) {
      refuse(codes, "a categorical column has a code without a category");
    }
    scalar = *code < 0 ? PickledScalar() : categories[static_cast<std::size_t>(*code)];
  }
  return out;
}

ColumnReader::Scalars ColumnReader::read_masked(PickleValue state, Count count) {
  if (state.kind != PickleKind::dict) refuse(state, "a nullable column has no values");
  Scalars out = read(member(state, {"_data"}), count);
  const Scalars mask = read(member(state, {"_mask"}), std::ssize(out));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (mask[i] != PickledScalar(std::int64_t{0})) out[i] = {};
  }
  return out;
}

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
  // A pickle may refer to one buffer many times; the total of decoded bytes must stay bounded.
  const auto bytes = read_bytes(pickle_, arguments[0], owned);
  decoded_ += owned.size();
  if (decoded_ > kMaxDecodedBytes) refuse(value, "an Arrow column is far larger than its values");
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
  const std::int64_t remaining = count.value_or(kMaxUncounted) - std::ssize(out);
  if (length < 0 || first < 0 || length > remaining) refuse(restore, "an Arrow column has a wrong length");
  ArrowTexts texts{
      {}, {}, {}, large ? 8U : 4U, static_cast<std::size_t>(first), static_cast<std::size_t>(length)};
  std::array<std::vector<std::byte>, 3> owned;
  texts.validity = arrow_buffer(buffers[0], owned[0]);
  texts.offsets = arrow_buffer(buffers[1], owned[1]);
  texts.data = arrow_buffer(buffers[2], owned[2]);
  if (!texts.append_to(out)) refuse(restore, "an Arrow column's buffers do not fit together");
}

}  // namespace svhn::formats
