#pragma once
/// pandas data frames and series in a pickle: blocks of columns, described but not copied. Hides the
/// different layouts of pandas 0.24 to 3.1.

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
  std::vector<std::int64_t> columns;  ///< Index of each column in the frame.
  PickleValue extension;  ///< A categorical, nullable or text column; else none, and `values` is set.
};

struct PickledFrame {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::string> names;  ///< Column names; numbers in decimal, others than text and numbers empty.
  std::vector<PickledBlock> blocks;
  std::size_t position = 0;  ///< Byte in the file, for messages.
};

/// @returns whether `value` is a data frame, which `read_frame` accepts.
bool is_frame(const Pickle& pickle, PickleValue value);

/// @throws core::Error unless every column is in exactly one block and all arrays have the same
/// number of rows.
PickledFrame read_frame(const Pickle& pickle, PickleValue frame);

/// @param column index of the column in the frame. @returns its values. @throws core::Error
std::vector<PickledScalar> read_frame_column(const Pickle& pickle, const PickledFrame& frame,
                                             std::int64_t column);

/// The blocks and axes of a DataFrame or Series.
struct PickledManager {
  std::span<const PickleValue> axes;    ///< Of a frame: the column index and the row index.
  std::span<const PickleValue> blocks;  ///< Input of `block_parts`.
};
struct PickledBlockParts {
  PickleValue values, placement;
};
PickledManager read_manager(const Pickle& pickle, PickleValue owner);
PickledBlockParts block_parts(const Pickle& pickle, PickleValue block);

}  // namespace svhn::formats
