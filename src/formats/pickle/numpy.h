#pragma once
/// numpy arrays and scalars in a pickle: described and validated, not copied.
/// @see numpy's documentation of ndarray.__reduce__ and ndarray.__setstate__.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "formats/pickle/pickle.h"

namespace svhn::formats {

/// A numpy element type, from its name and byte order.
struct NumpyType {
  /// b bool, i signed, u unsigned, f float, S bytes, U text (4 bytes per character), O object.
  char letter = 'u';
  std::size_t size = 1;  ///< Bytes of one element; objects have none.
  bool big_endian = false;
  /// @returns numpy's name, e.g. "uint8".
  [[nodiscard]] std::string name() const;
};

/// One element of any array or list; monostate is a missing value (None, NaN, pandas.NA).
using PickledScalar = std::variant<std::monostate, std::int64_t, double, std::string>;

/// An array in a pickle. Its data has as many elements as the shape says.
struct PickledArray {
  enum class Coding {
    raw,     ///< `stored` holds the elements' bytes.
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

/// @returns whether `value` is a numpy array, which `read_numpy` accepts.
bool is_numpy(const Pickle& pickle, PickleValue value);
/// @returns the array; object arrays of integers 0..255 become raw u1.
/// @throws core::Error for an unsupported element type, negative or overflowing shapes, and data whose length
/// does not fit the shape.
PickledArray read_numpy(const Pickle& pickle, PickleValue value);

/// Reads an array's elements from first to last and decodes latin1 and object arrays. Bytes that were
/// returned are released (`PickleOptions::release`) by the next call and by the destructor.
class ArrayStream {
 public:
  ArrayStream(const Pickle& pickle, const PickledArray& array);
  ArrayStream(const ArrayStream&) = delete;
  ArrayStream& operator=(const ArrayStream&) = delete;
  ~ArrayStream();
  /// @returns the element type of `next`: that of the array, or f8 for objects.
  [[nodiscard]] NumpyType type() const;
  /// @returns the next `count` elements, valid until the next call.
  /// @throws core::Error when the data is damaged, or an object is not a number.
  std::span<const std::byte> next(std::size_t count);
  /// Skips elements.
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
  std::size_t at_ = 0;        // Index of the next stored byte or object.
  std::size_t released_ = 0;  // Stored bytes before this index are released.
  std::vector<std::byte> scratch_;
};

/// @param bytes `type.size` bytes. @returns the element.
PickledScalar decode_element(NumpyType type, std::span<const std::byte> bytes);
/// @returns the value of a Python or numpy scalar. @throws core::Error for other values.
PickledScalar read_scalar(const Pickle& pickle, PickleValue value, std::size_t position);
/// @returns every element, in storage order. @throws core::Error
std::vector<PickledScalar> read_elements(const Pickle& pickle, const PickledArray& array);
/// @param array of shape [columns, rows] or [rows]. @returns the values of column
/// `column`. @throws core::Error
std::vector<PickledScalar> read_column_elements(const Pickle& pickle, const PickledArray& array,
                                                std::size_t column);
/// @returns the content of a bytes-like value: a view of the file, or of `owned` when it had to be decoded.
std::span<const std::byte> read_bytes(const Pickle& pickle, PickleValue value, std::vector<std::byte>& owned);

}  // namespace svhn::formats
