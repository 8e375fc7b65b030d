#pragma once
/// pandas data frames and series as they stand in a pickle: blocks of columns, described but not copied.
/// Versions 0.24 to 3.1 of pandas differ in how they lay these out; the difference ends here.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "formats/pickle/numpy.h"
#include "formats/pickle/pickle.h"

namespace svhn::formats {

/// Columns of one type that are stored together.
struct PickledBlock {
  PickledArray values;                ///< [columns, rows], or [rows] for a single column.
  std::vector<std::int64_t> columns;  ///< Where each of them stands in the frame.
  PickleValue extension;              ///< A categorical, nullable or text column; none where `values` counts.
};

struct PickledFrame {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::string> names;  ///< Of the columns; numbers in decimal, anything else empty.
  std::vector<PickledBlock> blocks;
  std::size_t position = 0;  ///< Byte in the file, for messages.
};

/// @returns whether `read_frame` applies.
bool is_frame(const Pickle& pickle, PickleValue value);

/// @throws core::Error unless every column stands in exactly one block and all arrays have the same number of
/// rows.
PickledFrame read_frame(const Pickle& pickle, PickleValue frame);

/// @returns one column of a frame. @param column where it stands in the frame. @throws core::Error
std::vector<PickledScalar> read_frame_column(const Pickle& pickle, const PickledFrame& frame,
                                             std::int64_t column);

/// The blocks and axes behind a DataFrame or Series; `pickle_frame` and `pickle_column` share it.
struct PickledManager {
  std::span<const PickleValue> axes;    ///< Of a frame: columns, rows.
  std::span<const PickleValue> blocks;  ///< To be taken apart by `block_parts`.
};
struct PickledBlockParts {
  PickleValue values, placement;
};
PickledManager read_manager(const Pickle& pickle, PickleValue owner);
PickledBlockParts block_parts(const Pickle& pickle, PickleValue block);

}  // namespace svhn::formats
