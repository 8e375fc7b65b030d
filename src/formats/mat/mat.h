#pragma once
/// MATLAB 5 files (as MATLAB writes with -v6 and -v7, and scipy.io.savemat): numeric arrays by name.
/// The container is checked here to the last tag before matio, which does the reading, sees the file.
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
  DType dtype = DType::f64;  ///< Of the MATLAB class; the file may store the numbers in a smaller type.
  std::vector<std::int64_t> shape;  ///< At least two; column-major: the first index runs fastest.
  std::size_t elements = 0;         ///< The product of the shape.
  std::size_t offset = 0;           ///< Of the variable's content in the file.
  std::size_t stored_bytes = 0;     ///< Of that content.
  std::size_t content_bytes = 0;    ///< The same when inflated.
  bool compressed = false;
};

/// A MATLAB 5 file opened for reading; opening costs the variables' headers alone.
class MatFile {
 public:
  /// @throws Error(data) naming file, byte or variable: missing, truncated, not MATLAB 5, big-endian, an
  /// array that is not numeric or complex, sizes that contradict each other or could not come from so small a
  /// file.
  explicit MatFile(const std::filesystem::path& path);

  [[nodiscard]] const std::vector<MatVariable>& variables() const { return variables_; }  ///< In file order.
  [[nodiscard]] const MatVariable* find(std::string_view name) const;

  /// Reads a whole array; compressed ones are checked against size and checksum before memory is asked for.
  /// @returns the bytes of `elements` numbers of `dtype`, column-major.
  /// @throws Error(data) when damaged, or with more than 2^31 - 1 elements.
  [[nodiscard]] std::vector<std::uint8_t> read(const MatVariable& variable) const;

 private:
  core::MappedFile file_;
  std::vector<MatVariable> variables_;
};

}  // namespace svhn::formats
