#pragma once
/// ARFF files, the text tables of Weka and OpenML, read row by row through a memory map.
/// @see https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace svhn::formats {

/// A column. Numeric, real and integer columns have no `values`, nominal columns at least one.
struct ArffAttribute {
  std::string name;
  std::vector<std::string> values;  ///< Values of a nominal column, in file order.
  [[nodiscard]] bool nominal() const { return !values.empty(); }
};

/// The header, which precedes the rows.
struct ArffHeader {
  std::string relation;
  std::vector<ArffAttribute> attributes;
  std::size_t data_offset = 0;  ///< Offset of the first byte after the line of @data.
  std::int64_t data_line = 0;   ///< Line number of that byte, from 1.
};

/// Reads @relation, @attribute and @data (keywords in any case; % comments; names and values bare, 'quoted'
/// or "quoted" with backslash escapes).
/// @param file name of the file in messages.
/// @throws Error(data) naming the line: another declaration, a string, date or relational column, more than
/// 100,000 columns or nominal values, a file that ends before @data.
ArffHeader parse_arff_header(std::string_view text, const std::string& file);

/// Reads the rows of an ARFF file of integers one by one; commas or tabs separate their values. Memory does
/// not grow with the file: pages that were read are released.
class ArffReader {
 public:
  /// @throws Error(data) when the file cannot be read, and as `parse_arff_header`.
  explicit ArffReader(const std::filesystem::path& path);

  [[nodiscard]] const ArffHeader& header() const { return header_; }

  /// Reads the next row; blank lines and comments are skipped.
  /// @param values [number of attributes], int32: numbers, and for nominal columns the index of the value.
  /// @returns false after the last row.
  /// @throws Error(data) naming line and column: a missing value (?), a sparse row ({…}), too few or too many
  /// values, a number that is not a 32-bit integer ("12.0" is one), or an unknown nominal value.
  bool next_row(std::span<std::int32_t> values);

  /// @returns the line number of the last row, from 1.
  [[nodiscard]] std::int64_t line() const { return line_; }
  /// @returns the number of unread bytes; a value takes at least two, which bounds the number of rows left.
  [[nodiscard]] std::size_t bytes_left() const { return text_.size() - position_; }

 private:
  bool find_row();
  void read_values(std::span<std::int32_t> values);
  [[nodiscard]] std::int32_t parse_value(std::size_t column, std::string_view text) const;
  void release_pages();
  [[noreturn]] void refuse_count(std::size_t found, bool more) const;
  [[noreturn]] void refuse(const std::string& what, std::string hint) const;

  core::MappedFile file_;
  std::string_view text_;
  ArffHeader header_;
  std::size_t position_ = 0;
  std::size_t released_ = 0;
  std::int64_t line_ = 0;       ///< Line number of the last row.
  std::int64_t next_line_ = 0;  ///< Line number of the byte at `position_`.
  std::size_t plain_columns_;   ///< Number of numeric columns before the first nominal one.
};

}  // namespace svhn::formats
