#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "formats/mat/container.h"

namespace svhn::formats::mat {
namespace {

constexpr std::uint32_t kInt8 = 1;
constexpr std::uint32_t kInt32 = 5;
constexpr std::uint32_t kUint32 = 6;
constexpr std::uint32_t kComplexFlag = 0x0800;
constexpr std::size_t kLongestName = 63;  // MATLAB's namelengthmax.
constexpr std::size_t kHighestRank = 16;

/// One element within a variable.
struct Element {
  std::uint32_t type = 0;
  std::size_t size = 0;
  std::size_t data = 0;  ///< Where its bytes begin.
  std::size_t end = 0;   ///< Where the next element begins.
};

/// Walks the elements of one variable's head.
class Walker {
 public:
  Walker(Bytes head, const std::string& where) : head_(head), where_(where) {}

  /// Reads a tag; small elements hold up to four bytes in the tag itself.
  Element next() {
    need(position_, kTag);
    const std::uint32_t word = u32(position_);
    Element element;
    if (word >> 16U != 0) {
      element = {word & 0xFFFFU, word >> 16U, position_ + 4, position_ + kTag};
      if (element.size > 4)
        mat::refuse(where_, "a small element of " + std::to_string(element.size) + " bytes");
    } else {
      element = {word, u32(position_ + 4), position_ + kTag, 0};
      element.end = element.data + (element.size + 7) / 8 * 8;
    }
    position_ = element.end;
    return element;
  }

  /// Steps into the tag of a variable. @returns the size it gives.
  std::size_t enter_matrix() {
    need(0, kTag);
    if (u32(0) != kMatrix) mat::refuse(where_, "an element that is no array");
    position_ = kTag;
    return u32(4);
  }

  void need(std::size_t offset, std::size_t size) const {
    if (offset > head_.size() || size > head_.size() - offset)
      mat::refuse(where_, "an array's header is cut short");
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

/// @returns the bytes of one stored number, or 0 for a type that holds no numbers.
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

DType read_class(Walker& walker, const std::string& where) {
  const Element flags = walker.next();
  if (flags.type != kUint32 || flags.size != 8) refuse(where, "damaged array flags");
  const std::uint32_t word = walker.u32(flags.data);
  const auto dtype = dtype_of_class(word & 0xFFU);
  if (!dtype)
    refuse(where, "an array of MATLAB class " + std::to_string(word & 0xFFU) + ", which holds no numbers",
           "save only the numeric arrays X and y");
  if ((word & kComplexFlag) != 0)
    refuse(where, "an array of complex numbers", "save only the arrays X and y");
  return *dtype;
}

std::vector<std::int64_t> read_shape(Walker& walker, const std::string& where) {
  const Element dims = walker.next();
  const std::size_t rank = dims.size / 4;
  if (dims.type != kInt32 || dims.size % 4 != 0 || rank < 2 || rank > kHighestRank) {
    refuse(where, "damaged array dimensions");
  }
  std::vector<std::int64_t> shape(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    shape[i] = static_cast<std::int32_t>(walker.u32(dims.data + 4 * i));
    if (shape[i] < 0) refuse(where, "a negative array dimension");
  }
  return shape;
}

std::string read_name(Walker& walker, const std::string& where) {
  const Element element = walker.next();
  if (element.type != kInt8 || element.size == 0 || element.size > kLongestName)
    refuse(where, "a damaged name");
  std::string name = walker.text(element);
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

}  // namespace

void parse_variable(Bytes head, std::size_t available, MatVariable& variable, const std::string& where) {
  Walker walker(head, where);
  variable.content_bytes = walker.enter_matrix() + kTag;
  if (variable.content_bytes > available) refuse(where, "an array larger than the file can hold");
  variable.dtype = read_class(walker, where);
  variable.shape = read_shape(walker, where);
  variable.name = read_name(walker, where);
  variable.elements = count_elements(variable.shape, where);
  const Element numbers = walker.next();
  const std::size_t item = stored_item_size(numbers.type);
  if (item == 0 || numbers.size % item != 0 || numbers.size / item != variable.elements) {
    refuse(where, "array '" + variable.name + "' whose dimensions and bytes do not fit each other");
  }
  // Some writers leave out the padding behind the last element.
  if (numbers.data + numbers.size > variable.content_bytes || numbers.end < variable.content_bytes) {
    refuse(where, "array '" + variable.name + "' whose parts and total do not fit each other");
  }
}

}  // namespace svhn::formats::mat
