#include "formats/pickle/column.h"

#include <algorithm>
#include <string>

#include "formats/pickle/frame.h"
#include "formats/pickle/globals.h"

namespace svhn::formats {
namespace {

constexpr int kDeepest = 8;

}  // namespace

void ColumnReader::refuse(PickleValue value, const std::string& what) const {
  pickle_.fail(what, pickle_.position(value), {});
}

void ColumnReader::check_count(std::size_t found, Count count, PickleValue value) const {
  if (count && std::cmp_not_equal(found, *count)) {
    refuse(value,
           "a column has " + std::to_string(found) + " values where " + std::to_string(*count) + " belong");
  }
  if (!count && std::cmp_greater(found, kMostUncounted)) refuse(value, "an index has more than 65536 values");
}

const PickleValue& ColumnReader::member(PickleValue dict, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const PickleValue* found = pickle_.find(dict, key);
    if (found != nullptr) return *found;
  }
  refuse(dict, std::string("a column's '") + *keys.begin() + "' is missing");
}

std::vector<PickledScalar> ColumnReader::read(PickleValue value, std::optional<std::int64_t> count) {
  if (++depth_ > kDeepest) refuse(value, "a column is made of columns too deeply");
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
  // Of two dimensions a column may have, one must be 1: then the order of storage is the order of rows.
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

/// A state tuple (dtype, ndarray, …) in either order, or a dict; pandas 1.0 to 3.1 each have their own.
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

}  // namespace svhn::formats
