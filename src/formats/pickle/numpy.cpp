#include "formats/pickle/numpy.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "formats/pickle/globals.h"

namespace svhn::formats {
namespace {

PickleValue argument(const Pickle& pickle, PickleValue owner, std::span<const PickleValue> values,
                     std::size_t index) {
  if (index < values.size()) return values[index];
  pickle.fail("a call or state in the pickle lacks its value " + std::to_string(index + 1),
              pickle.position(owner), {});
}

bool is_supported(NumpyType type) {
  const std::size_t size = type.size;
  switch (type.letter) {
    case 'b':
      return size == 1;
    case 'i':
    case 'u':
      return size == 1 || size == 2 || size == 4 || size == 8;
    case 'f':
      return size == 4 || size == 8;
    case 'U':
      return size >= 4 && size <= 4096;
    case 'S':
      return size >= 1;
    default:
      return type.letter == 'O';
  }
}

NumpyType parse_type(const Pickle& pickle, std::string_view name, std::size_t position) {
  NumpyType type;
  type.letter = name.empty() ? '?' : name[0];
  std::size_t count = 0;
  const auto [end, error] =
      std::from_chars(name.data() + std::min<std::size_t>(1, name.size()), name.data() + name.size(), count);
  const bool complete = error == std::errc{} && end == name.data() + name.size() && count <= 1024;
  type.size = type.letter == 'U' ? 4 * count : count;
  if (complete && is_supported(type)) return type;
  pickle.fail("an array has elements of a type that is not read", position,
              "integers, float32, float64, text and objects are read; convert the array before saving it");
}

NumpyType read_type(const Pickle& pickle, PickleValue value, std::size_t position) {
  if (!is_call(pickle, value, FrameGlobal::dtype))
    pickle.fail("an array's element type is missing", position, {});
  const PickleValue arguments = pickle.arguments(value);
  NumpyType type =
      parse_type(pickle, pickle.text(argument(pickle, value, pickle.items(arguments), 0)), position);
  const PickleValue state = pickle.state(value);
  if (state.kind == PickleKind::none) return type;
  const PickleValue order = argument(pickle, value, pickle.items(state), 1);
  const bool known = order.kind == PickleKind::text || order.kind == PickleKind::bytes;  // Python 2: bytes
  type.big_endian = known && pickle.text(order) == ">";
  return type;
}

std::vector<std::int64_t> read_shape(const Pickle& pickle, PickleValue value, std::size_t position) {
  constexpr std::size_t kMaxDimensions = 32;  // The limit of numpy 1.
  std::vector<std::int64_t> shape;
  if (value.kind == PickleKind::integer) return {pickle.integer(value)};
  const auto items = pickle.items(value);
  if (items.size() > kMaxDimensions) pickle.fail("an array has more than 32 dimensions", position, {});
  for (const PickleValue item : items) shape.push_back(pickle.integer(item));
  return shape;
}

std::size_t count_elements(const Pickle& pickle, const PickledArray& array) {
  std::size_t count = 1;
  for (const std::int64_t length : array.shape) {
    const bool fits = length >= 0 &&
                      !__builtin_mul_overflow(count, static_cast<std::size_t>(length), &count) &&
                      count <= std::numeric_limits<std::size_t>::max() / 8192;
    if (!fits) pickle.fail("an array's shape is negative or too large", array.position, {});
  }
  return count;
}

/// Makes `array` refer to the bytes or list that hold its data.
void locate(const Pickle& pickle, PickleValue data, PickledArray& array) {
  if (is_call(pickle, data, FrameGlobal::byte_array)) {
    const auto arguments = pickle.items(pickle.arguments(data));
    if (arguments.empty()) return;
    data = arguments[0];
  }
  const bool encoded = is_call(pickle, data, FrameGlobal::encode);
  if (data.kind == PickleKind::list) {
    array.coding = PickledArray::Coding::objects;
    array.list = data;
    array.fortran = false;  // Lists are in C order regardless of the flag, as numpy's iterator writes them.
  } else if (encoded || data.kind == PickleKind::text) {
    // encode(text, 'latin1') is bytes, bytearray(text, 'latin-1') a bytearray.
    array.coding = PickledArray::Coding::latin1;
    if (encoded) data = argument(pickle, data, pickle.items(pickle.arguments(data)), 0);
    const std::string_view text = pickle.text(data);
    array.stored = std::as_bytes(std::span(text.data(), text.size()));
  } else {
    array.stored = pickle.bytes(data);
  }
}

/// Checks that the data has exactly the length that shape and type require.
void check_length(const Pickle& pickle, PickledArray& array) {
  array.elements = count_elements(pickle, array);
  if ((array.type.letter == 'O') != (array.coding == PickledArray::Coding::objects)) {
    pickle.fail("an array's data and its element type do not go together", array.position, {});
  }
  const std::size_t wanted = array.elements * array.type.size;
  const std::size_t found = array.stored.size();
  bool fits = found == wanted;
  if (array.coding == PickledArray::Coding::latin1) fits = found >= wanted && found <= 2 * wanted;
  if (array.coding == PickledArray::Coding::objects) {
    const auto packed = std::as_bytes(pickle.packed(array.list));
    fits = array.elements == std::max(packed.size(), pickle.items(array.list).size());
    if (!packed.empty()) {
      array.coding = PickledArray::Coding::raw;
      array.type = {'u', 1, false};
      array.stored = packed;
    }
  }
  if (!fits)
    pickle.fail("an array's data does not have the length that its shape promises", array.position, {});
}

/// @returns the number of characters of Latin-1 text in UTF-8: its bytes except continuation bytes.
std::size_t count_latin1(std::span<const std::byte> text) {
  const auto leads = [](std::byte b) { return (std::to_integer<unsigned>(b) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), leads));
}

}  // namespace

std::span<const std::byte> read_bytes(const Pickle& pickle, PickleValue value,
                                      std::vector<std::byte>& owned) {
  PickledArray array;
  array.position = pickle.position(value);
  locate(pickle, value, array);
  if (array.coding == PickledArray::Coding::objects)
    pickle.fail("bytes are given as a list", array.position, {});
  if (array.coding == PickledArray::Coding::raw) return array.stored;
  array.elements = count_latin1(array.stored);
  ArrayStream stream(pickle, array);
  const auto decoded = stream.next(array.elements);
  owned.assign(decoded.begin(), decoded.end());
  return owned;
}

std::string NumpyType::name() const {
  const std::string bits = std::to_string(8 * size);
  switch (letter) {
    case 'b':
      return "bool";
    case 'i':
      return "int" + bits;
    case 'u':
      return "uint" + bits;
    case 'f':
      return "float" + bits;
    case 'O':
      return "object";
    default:
      return letter == 'S' ? "bytes" : "text";
  }
}

bool is_numpy(const Pickle& pickle, PickleValue value) {
  return is_call(pickle, value, FrameGlobal::reconstruct) || is_call(pickle, value, FrameGlobal::from_buffer);
}

PickledArray read_numpy(const Pickle& pickle, PickleValue value) {
  PickledArray array;
  array.position = pickle.position(value);
  if (!is_numpy(pickle, value)) pickle.fail("a numpy array is missing where one belongs", array.position, {});
  const bool buffered = is_call(pickle, value, FrameGlobal::from_buffer);
  const PickleValue fields = buffered ? pickle.arguments(value) : pickle.state(value);
  if (fields.kind != PickleKind::tuple) pickle.fail("an array has no content", array.position, {});
  const auto field = [&](std::size_t i) { return argument(pickle, value, pickle.items(fields), i); };
  array.shape = read_shape(pickle, field(buffered ? 2 : 1), array.position);
  array.type = read_type(pickle, field(buffered ? 1 : 2), array.position);
  const PickleValue order = field(3);
  if (buffered) {
    array.fortran = pickle.text(order) == "F";
  } else {
    array.fortran = order.kind == PickleKind::integer ? pickle.integer(order) != 0 : pickle.boolean(order);
  }
  locate(pickle, field(buffered ? 0 : 4), array);
  check_length(pickle, array);
  return array;
}

PickledScalar read_scalar(const Pickle& pickle, PickleValue value, std::size_t position) {
  switch (value.kind) {
    case PickleKind::none:
      return {};
    case PickleKind::boolean:
      return std::int64_t{pickle.boolean(value)};
    case PickleKind::integer:
      return pickle.integer(value);
    case PickleKind::floating: {
      const double number = pickle.floating(value);
      return number == number ? PickledScalar(number) : PickledScalar();
    }
    case PickleKind::bytes:
    case PickleKind::text:
      return std::string(pickle.text(value));
    case PickleKind::global:
      if (pickle.global_kind(value) == static_cast<int>(FrameGlobal::missing)) return {};
      break;
    default:
      break;
  }
  if (!is_call(pickle, value, FrameGlobal::scalar))
    pickle.fail("a value is not a number or text", position, {});
  const PickleValue arguments = pickle.arguments(value);
  const auto field = [&](std::size_t i) { return argument(pickle, value, pickle.items(arguments), i); };
  PickledArray array;
  array.position = pickle.position(value);
  array.type = read_type(pickle, field(0), array.position);
  locate(pickle, field(1), array);
  check_length(pickle, array);
  return read_elements(pickle, array).at(0);
}

}  // namespace svhn::formats
