#pragma once
/// numpy arrays and scalars as they stand in a pickle: described, bounded, not copied.
/// @see numpy's documentation of ndarray.__reduce__ and ndarray.__setstate__.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "formats/pickle/pickle.h"

namespace svhn::formats {

/// A numpy element type as its name and byte order give it.
struct NumpyType {
  char letter =
      'u';  ///< b bool, i signed, u unsigned, f float, S bytes, U text (4 bytes a character), O object.
  std::size_t size = 1;  ///< Bytes of one element; objects have none.
  bool big_endian = false;
  /// @returns numpy's name, e.g. "uint8".
  [[nodiscard]] std::string name() const;
};

/// One element of any array or list; monostate is a missing value (None, NaN, pandas.NA).
using PickledScalar = std::variant<std::monostate, std::int64_t, double, std::string>;

/// An array of a pickle. The product of `shape` fits the data that is there.
struct PickledArray {
  enum class Coding {
    raw,     ///< `stored` are the elements' bytes.
    latin1,  ///< `stored` is UTF-8 text whose characters are the bytes (protocol 2).
    objects  ///< `list` holds the elements.
  };
  NumpyType type;
  std::vector<std::int64_t> shape;
  bool fortran = false;  ///< The first dimension varies fastest.
  Coding coding = Coding::raw;
  std::span<const std::byte> stored;
  PickleValue list;
  std::size_t elements = 0;
  std::size_t position = 0;  ///< Byte in the file, for messages.
};

/// @returns whether `read_numpy` applies.
bool is_numpy(const Pickle& pickle, PickleValue value);
/// @throws core::Error for an element type that is not read, negative or overflowing shapes, and data whose
/// length does not fit the shape. Object arrays of small integers come out as raw u1.
PickledArray read_numpy(const Pickle& pickle, PickleValue value);

/// Hands out an array's bytes from first to last; latin1 and object arrays are decoded on the way. What has
/// been handed out is released (`PickleOptions::release`) with the next call and the end of the stream.
class ArrayStream {
 public:
  ArrayStream(const Pickle& pickle, const PickledArray& array);
  ArrayStream(const ArrayStream&) = delete;
  ArrayStream& operator=(const ArrayStream&) = delete;
  ~ArrayStream();
  /// @returns the type of what `next` gives: the array's own, or f8 for objects.
  [[nodiscard]] NumpyType type() const;
  /// @returns the next `count` elements, valid until the next call. @throws core::Error where the data is
  /// damaged, or an object is not a number.
  std::span<const std::byte> next(std::size_t count);
  /// Steps over elements.
  void skip(std::size_t count);

 private:
  void release();
  [[nodiscard]] std::size_t copy_ascii(std::byte* target) const;
  void decode_latin1(std::size_t count);
  std::byte decode_character();
  void skip_latin1(std::size_t count);
  void decode_objects(std::size_t count);

  const Pickle* pickle_;
  const PickledArray* array_;
  std::size_t at_ = 0;        // Next stored byte, or next object.
  std::size_t released_ = 0;  // Stored bytes before this one are no longer needed.
  std::vector<std::byte> scratch_;
};

/// @returns one stored element. @param bytes exactly `type.size` of them.
PickledScalar decode_element(NumpyType type, std::span<const std::byte> bytes);
/// @returns a Python or numpy scalar. @throws core::Error for anything else.
PickledScalar read_scalar(const Pickle& pickle, PickleValue value, std::size_t position);
/// @returns every element, in storage order. @throws core::Error
std::vector<PickledScalar> read_elements(const Pickle& pickle, const PickledArray& array);
/// @returns element `column` of each group of shape[0], of an array [columns, rows] or [rows]. @throws
/// core::Error
std::vector<PickledScalar> read_column_elements(const Pickle& pickle, const PickledArray& array,
                                                std::size_t column);
/// @returns what a bytes-like value holds: a view of the file, or of `owned` where it had to be decoded.
std::span<const std::byte> read_bytes(const Pickle& pickle, PickleValue value, std::vector<std::byte>& owned);

}  // namespace svhn::formats
