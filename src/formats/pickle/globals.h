#pragma once
/// The allow-list for data frames and arrays: every name that pandas 0.24 to 3.1, numpy 1.16 to 2.4,
/// scikit-learn's Bunch, pyarrow's text columns and torchvision's SVHN write into a pickle of plain data.
/// None of them is ever called.

#include <span>

#include "formats/pickle/pickle.h"

namespace svhn::formats {

enum class FrameGlobal : int {
  // numpy
  reconstruct,  ///< _reconstruct(ndarray, (0,), b'b'), then a state (version, shape, dtype, fortran, data).
  from_buffer,  ///< _frombuffer(data, dtype, shape, order), protocol 5.
  scalar,       ///< scalar(dtype, data)
  dtype,        ///< dtype(name, align, copy), then a state whose second element is the byte order.
  // Python
  encode,      ///< encode(text, 'latin1'): how protocol 2 writes bytes.
  byte_array,  ///< bytearray(data), protocols below 5; bytes() when empty.
  slice,       ///< slice(begin, end, step)
  // pandas
  data_frame,  ///< State: a dict with '_mgr' (pandas 1.1 on) or '_data', or that manager itself.
  series,
  manager,    ///< BlockManager(blocks, axes), or a state tuple whose last element holds '0.14.1'.
  block,      ///< _unpickle_block(values, placement, dimensions)
  new_index,  ///< _new_Index(class, dict)
  /// __pyx_unpickle_NDArrayBacked(class, checksum, state), then a state (dtype, ndarray, dict).
  backed_array,
  categorical,
  categorical_dtype,
  masked_array,  ///< IntegerArray and FloatingArray: state with '_data' and '_mask'.
  string_array,
  arrow_array,  ///< State with '_pa_array'.
  missing,      ///< pandas.NA
  // pyarrow
  arrow_chunks,   ///< chunked_array(arrays, type)
  arrow_restore,  ///< _restore_array((type, length, nulls, offset, buffers, children, dictionary))
  arrow_buffer,   ///< py_buffer(data)
  arrow_type,     ///< type_for_alias(name)
  // scikit-learn
  bunch,  ///< A dict with attribute access.
  // torchvision
  data_set,  ///< State: a dict of its attributes.
  other,     ///< Allowed but not used: class names that accompany the values.
};

/// @returns the allow-list; `kind` of each row is a `FrameGlobal`.
std::span<const PickleGlobal> frame_globals();

/// @returns whether the value is a call of the given callable.
bool is_call(const Pickle& pickle, PickleValue value, FrameGlobal callable);

}  // namespace svhn::formats
