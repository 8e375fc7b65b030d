#pragma once
/// MATLAB 5 files (as MATLAB writes with -v6 and -v7, and scipy.io.savemat): numeric arrays by name.
/// Every tag of the container is checked before matio reads the numbers.
/// @see "MAT-File Format", The MathWorks, chapter 1 (level 5)

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "formats/dtype.h"

namespace svhn::formats {

/// An array of a MATLAB file.
struct MatVariable {
  std::string name;
  DType dtype = DType::f64;         ///< Type of the MATLAB class; the file may store a smaller type.
  std::vector<std::int64_t> shape;  ///< At least two sizes; column-major: the first index varies fastest.
  std::size_t elements = 0;         ///< The product of the shape.
  std::size_t offset = 0;           ///< Offset of the variable's content in the file.
  std::size_t stored_bytes = 0;     ///< Length of that content in the file.
  std::size_t content_bytes = 0;    ///< Length of that content when inflated.
  bool compressed = false;
};

/// A MATLAB 5 file opened for reading; the constructor reads only the variables' headers.
class MatFile {
 public:
  /// @throws Error(data) naming file, byte or variable: missing, truncated, not MATLAB 5, big-endian, an
  /// array that is complex or not numeric, sizes that contradict each other or exceed what the file can hold.
  explicit MatFile(const std::filesystem::path& path);

  [[nodiscard]] const std::vector<MatVariable>& variables() const { return variables_; }  ///< In file order.
  [[nodiscard]] const MatVariable* find(std::string_view name) const;

  /// Reads an array. The size and checksum of a compressed one are checked before memory is allocated.
  /// @returns `elements` numbers of `dtype` as bytes, column-major.
  /// @throws Error(data) when damaged, or with more than 2^31 - 1 elements.
  [[nodiscard]] std::vector<std::uint8_t> read(const MatVariable& variable) const;

 private:
  core::MappedFile file_;
  std::vector<MatVariable> variables_;
};

}  // namespace svhn::formats
