#pragma once
/// Reads one column of values from any of the objects that a pickle may store it in.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "formats/pickle/numpy.h"
#include "formats/pickle/pickle.h"

namespace svhn::formats {

/// Largest number of values of a column without a known length.
inline constexpr std::int64_t kMaxUncounted = 65536;

/// Reads a list, tuple, numpy array, pandas Series, Index, categorical, nullable or text array
/// (also Arrow's). Nesting is limited to eight levels, so a pickle that contains itself cannot
/// cause endless recursion.
class ColumnReader {
 public:
  explicit ColumnReader(const Pickle& pickle) : pickle_(pickle) {}

  /// @param count the required number of values; nullopt: any number up to 65,536.
  /// @throws core::Error for another number (before memory is allocated) and for a value that is no column.
  std::vector<PickledScalar> read(PickleValue value, std::optional<std::int64_t> count);

 private:
  using Scalars = std::vector<PickledScalar>;
  using Count = std::optional<std::int64_t>;

  Scalars dispatch(PickleValue value, Count count);
  Scalars read_list(PickleValue list, Count count);
  Scalars read_array(PickleValue array, Count count);
  Scalars read_series(PickleValue series, Count count);
  Scalars read_index(PickleValue index, Count count);
  Scalars read_range(PickleValue fields, Count count);
  Scalars read_backed(PickleValue array, Count count);
  Scalars read_categorical(PickleValue codes, PickleValue dtype, Count count);
  Scalars read_masked(PickleValue state, Count count);
  Scalars read_arrow(PickleValue array, Count count);
  void add_arrow(PickleValue restore, Count count, Scalars& out);
  std::span<const std::byte> arrow_buffer(PickleValue value, std::vector<std::byte>& owned);
  const PickleValue& member(PickleValue dict, std::initializer_list<const char*> keys);
  void check_count(std::size_t found, Count count, PickleValue value) const;
  [[noreturn]] void refuse(PickleValue value, const std::string& what) const;

  const Pickle& pickle_;
  int depth_ = 0;
  std::size_t decoded_ = 0;
};

}  // namespace svhn::formats
