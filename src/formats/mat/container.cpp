#include "formats/mat/container.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "core/json.h"

namespace svhn::formats::mat {
namespace {

constexpr std::size_t kFileHeader = 128;
constexpr std::uint32_t kCompressed = 15;
// Maximum of deflate: 258 bytes for two bits (zlib's technical details).
constexpr std::size_t kMaxInflation = 1032;
/// The head of one variable, from its own tag to the tag of its numbers, has at most this many bytes.
constexpr std::size_t kMaxHead = 512;
constexpr std::size_t kTag = 8;        ///< Bytes of an element's tag.
constexpr std::uint32_t kMatrix = 14;  ///< miMATRIX
constexpr std::size_t kWindow = 1U << 16U;
constexpr std::uint32_t kInt8 = 1;
constexpr std::uint32_t kInt32 = 5;
constexpr std::uint32_t kUint32 = 6;
constexpr std::uint32_t kComplexFlag = 0x0800;
constexpr std::size_t kMaxName = 63;  // MATLAB's namelengthmax.
constexpr std::size_t kMaxRank = 16;

std::uint32_t read_u32(Bytes bytes, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

/// Inflates a zlib stream into small buffers.
class Inflater {
 public:
  Inflater(Bytes input, const std::string& where) : input_(input), where_(where) {
    if (::inflateInit(&stream_) != Z_OK) throw core::Error(core::ExitCode::bug, "zlib cannot start");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  /// Fills `out`. @returns the number of bytes written, which is smaller than `out` only at the stream's end.
  std::size_t read(std::span<std::byte> out) {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out > 0 && !ended_) step();
    return out.size() - stream_.avail_out;
  }

 private:
  void step() {
    if (stream_.avail_in == 0) {
      const std::size_t piece = std::min<std::size_t>(input_.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));
      stream_.avail_in = static_cast<uInt>(piece);
      input_ = input_.subspan(piece);
    }
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    if (result != Z_OK && !ended_) {
      refuse(where_,
             result == Z_BUF_ERROR ? "compressed data that is cut short" : "compressed data that is damaged");
    }
  }

  Bytes input_;
  const std::string& where_;
  z_stream stream_{};
  bool ended_ = false;
};

/// @returns the first kMaxHead bytes of a zlib stream, or fewer when it is shorter.
std::vector<std::byte> inflate_head(Bytes stream, const std::string& where) {
  std::vector<std::byte> head(kMaxHead);
  head.resize(Inflater(stream, where).read(head));
  return head;
}

/// An element of a variable.
struct Element {
  std::uint32_t type = 0;
  std::size_t size = 0;
  std::size_t data = 0;  ///< Offset of its bytes.
  std::size_t end = 0;   ///< Offset of the next element.
};

/// Reads the elements of a variable's head one by one.
class ElementReader {
 public:
  ElementReader(Bytes head, const std::string& where) : head_(head), where_(where) {}

  /// Reads a tag; small elements hold up to four bytes in the tag itself.
  Element next() {
    need(position_, kTag);
    const std::uint32_t word = u32(position_);
    Element element;
    if (word >> 16U != 0) {
      element = {word & 0xFFFFU, word >> 16U, position_ + 4, position_ + kTag};
      if (element.size > 4) refuse(where_, "a small element of " + std::to_string(element.size) + " bytes");
    } else {
      element = {word, u32(position_ + 4), position_ + kTag, 0};
      element.end = element.data + (element.size + 7) / 8 * 8;
    }
    position_ = element.end;
    return element;
  }

  /// Moves behind the tag of a variable. @returns the size in the tag, bytes.
  std::size_t enter_matrix() {
    need(0, kTag);
    if (u32(0) != kMatrix) refuse(where_, "an element that is no array");
    position_ = kTag;
    return u32(4);
  }

  void need(std::size_t offset, std::size_t size) const {
    if (offset > head_.size() || size > head_.size() - offset)
      refuse(where_, "an array's header is cut short");
  }

  [[nodiscard]] std::uint32_t u32(std::size_t offset) const {
    need(offset, 4);
    std::uint32_t value = 0;
    std::memcpy(&value, head_.data() + offset, sizeof(value));
    return value;
  }

  [[nodiscard]] std::string text(const Element& element) const {
    need(element.data, element.size);
    return {reinterpret_cast<const char*>(head_.data()) + element.data, element.size};
  }

 private:
  Bytes head_;
  const std::string& where_;
  std::size_t position_ = 0;
};

/// @returns the type of a numeric MATLAB class.
std::optional<DType> dtype_of_class(std::uint32_t number) {
  switch (number) {
    case 6:
      return DType::f64;
    case 7:
      return DType::f32;
    case 8:
      return DType::i8;
    case 9:
      return DType::u8;
    case 10:
      return DType::i16;
    case 11:
      return DType::u16;
    case 12:
      return DType::i32;
    case 13:
      return DType::u32;
    case 14:
      return DType::i64;
    case 15:
      return DType::u64;
    default:
      return std::nullopt;
  }
}

/// @returns the size of one stored number, bytes; 0 for a type that is not numeric.
std::size_t stored_item_size(std::uint32_t type) {
  switch (type) {
    case 1:
    case 2:
      return 1;
    case 3:
    case 4:
      return 2;
    case 5:
    case 6:
    case 7:
      return 4;
    case 9:
    case 12:
    case 13:
      return 8;
    default:
      return 0;
  }
}

DType read_class(ElementReader& reader, const std::string& where) {
  const Element flags = reader.next();
  if (flags.type != kUint32 || flags.size != 8) refuse(where, "damaged array flags");
  const std::uint32_t word = reader.u32(flags.data);
  const auto dtype = dtype_of_class(word & 0xFFU);
  if (!dtype)
    refuse(where, "an array of MATLAB class " + std::to_string(word & 0xFFU) + ", which holds no numbers",
           "save only the numeric arrays X and y");
  if ((word & kComplexFlag) != 0)
    refuse(where, "an array of complex numbers", "save only the arrays X and y");
  return *dtype;
}

std::vector<std::int64_t> read_shape(ElementReader& reader, const std::string& where) {
  const Element dims = reader.next();
  const std::size_t rank = dims.size / 4;
  if (dims.type != kInt32 || dims.size % 4 != 0 || rank < 2 || rank > kMaxRank) {
    refuse(where, "damaged array dimensions");
  }
  std::vector<std::int64_t> shape(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    shape[i] = static_cast<std::int32_t>(reader.u32(dims.data + 4 * i));
    if (shape[i] < 0) refuse(where, "a negative array dimension");
  }
  return shape;
}

std::string read_name(ElementReader& reader, const std::string& where) {
  const Element element = reader.next();
  if (element.type != kInt8 || element.size == 0 || element.size > kMaxName) refuse(where, "a damaged name");
  std::string name = reader.text(element);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (!std::all_of(name.begin(), name.end(), fits)) refuse(where, "a damaged name");
  return name;
}

std::size_t count_elements(const std::vector<std::int64_t>& shape, const std::string& where) {
  std::size_t count = 1;
  for (const std::int64_t length : shape) {
    if (__builtin_mul_overflow(count, static_cast<std::size_t>(length), &count)) {
      refuse(where, "array dimensions whose product overflows");
    }
  }
  return count;
}

/// Sets name, type and shape from the beginning of a variable (its miMATRIX tag first).
/// @param head up to kMaxHead bytes. @param available upper bound of the variable's size, bytes.
void parse_variable(Bytes head, std::size_t available, MatVariable& variable, const std::string& where) {
  ElementReader reader(head, where);
  variable.content_bytes = reader.enter_matrix() + kTag;
  if (variable.content_bytes > available) refuse(where, "an array larger than the file can hold");
  variable.dtype = read_class(reader, where);
  variable.shape = read_shape(reader, where);
  variable.name = read_name(reader, where);
  variable.elements = count_elements(variable.shape, where);
  const Element numbers = reader.next();
  const std::size_t item = stored_item_size(numbers.type);
  if (item == 0 || numbers.size % item != 0 || numbers.size / item != variable.elements) {
    refuse(where,
           "array '" + core::printable(variable.name) + "' whose dimensions and bytes do not fit each other");
  }
  // Some writers omit the padding behind the last element.
  if (numbers.data + numbers.size > variable.content_bytes || numbers.end < variable.content_bytes) {
    refuse(where,
           "array '" + core::printable(variable.name) + "' whose parts and total do not fit each other");
  }
}

void check_file_header(Bytes bytes, const std::string& where) {
  constexpr std::string_view kMagic = "MATLAB 5.0 MAT-file";
  if (bytes.size() < kFileHeader || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    refuse(where, "not a MATLAB 5 file", "save it in MATLAB with save(file, 'X', 'y', '-v7')");
  }
  const std::string_view mark(reinterpret_cast<const char*>(bytes.data()) + 124, 4);
  if (mark.substr(2) == "MI")
    refuse(where, "big-endian, written on another kind of machine", "save it again here");
  if (mark != std::string_view("\x00\x01IM", 4)) refuse(where, "a damaged header at byte 124");
}

MatVariable parse_element(Bytes bytes, std::size_t position, const std::string& where) {
  const std::uint32_t type = read_u32(bytes, position);
  const std::uint32_t size = read_u32(bytes, position + 4);
  if (type != kMatrix && type != kCompressed)
    refuse(where, "an element of unknown type " + std::to_string(type));
  if (size > bytes.size() - position - kTag) {
    refuse(where, "an element of " + std::to_string(size) + " bytes reaches behind the end of the file");
  }
  MatVariable variable;
  variable.compressed = type == kCompressed;
  variable.offset = variable.compressed ? position + kTag : position;
  variable.stored_bytes = variable.compressed ? size : size + kTag;
  const Bytes content = bytes.subspan(variable.offset, variable.stored_bytes);
  if (variable.compressed) {
    parse_variable(inflate_head(content, where), content.size() * kMaxInflation, variable, where);
  } else {
    parse_variable(content.first(std::min(content.size(), kMaxHead)), content.size(), variable, where);
    if (variable.content_bytes != content.size()) refuse(where, "two sizes that contradict each other");
  }
  return variable;
}

void add_variable(std::vector<MatVariable>& variables, MatVariable&& variable, const std::string& file) {
  for (const MatVariable& other : variables) {
    if (other.name == variable.name) refuse(file, "two arrays named '" + core::printable(other.name) + "'");
  }
  constexpr std::size_t kMost = 64;
  if (variables.size() == kMost) refuse(file, "more than 64 arrays", "save only X and y");
  variables.push_back(std::move(variable));
}

}  // namespace

void refuse(const std::string& where, const std::string& what, std::string hint) {
  if (hint.empty()) hint = "the file is damaged or was cut short; fetch it again";
  throw core::Error(core::ExitCode::data, where + ": " + what, std::move(hint));
}

std::vector<MatVariable> parse_container(Bytes bytes, const std::string& file) {
  check_file_header(bytes, file);
  std::vector<MatVariable> variables;
  std::size_t position = kFileHeader;
  while (position < bytes.size()) {
    const std::string where = file + " byte " + std::to_string(position);
    if (bytes.size() - position < kTag) refuse(where, "a tag that is cut short");
    MatVariable variable = parse_element(bytes, position, where);
    position = variable.offset + variable.stored_bytes;
    add_variable(variables, std::move(variable), file);
  }
  return variables;
}

void verify_stream(Bytes stream, std::size_t size, const std::string& where) {
  Inflater inflater(stream, where);
  std::array<std::byte, kWindow> window{};
  std::size_t total = 0;
  // zlib compares the checksum, which follows the data, only when the stream is read to its end.
  for (std::size_t got = inflater.read(window); got > 0; got = inflater.read(window)) {
    total += got;
    if (total > size) refuse(where, "compressed data longer than its array");
  }
  if (total != size) refuse(where, "compressed data shorter than its array");
}

}  // namespace svhn::formats::mat
