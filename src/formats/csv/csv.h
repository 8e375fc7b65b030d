#pragma once
/// CSV tables with a header, read row by row through a memory map.
/// @see RFC 4180

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

/// Reads a table whose first row names its columns. Commas separate the fields; lines end with LF or CR LF; a
/// field "in quotes" may hold commas, line ends and "" for a quote. Empty lines are passed over. Memory does
/// not grow with the file: pages that were read are released.
class CsvReader {
 public:
  /// @throws Error(data) when the file cannot be read, and as `next_row`.
  explicit CsvReader(const std::filesystem::path& path);

  [[nodiscard]] std::span<const std::string> columns() const { return columns_; }
  /// @returns the place of a column, looked up before the first row is read. @throws Error(data) naming all
  /// columns when there is none of that name or several.
  [[nodiscard]] std::size_t column(std::string_view name) const;

  /// Reads the next row.
  /// @returns false after the last one.
  /// @throws Error(data) naming file and line: fewer or more fields than columns, an open quote, text beside
  /// quotes, NUL bytes, a row above 64 KiB, more than 1,000 columns or 10,000,000 rows.
  bool next_row();

  /// @returns the fields of the last row, one for each column; valid until the next row is read.
  [[nodiscard]] std::span<const std::string> fields() const { return fields_; }
  /// @returns a whole number of the last row. @throws Error(data) for other text and other numbers.
  [[nodiscard]] std::int64_t integer(std::size_t column, std::int64_t min, std::int64_t max) const;
  /// @throws Error(data) naming file and line of the last row.
  [[noreturn]] void refuse(const std::string& what, std::string hint) const;

 private:
  bool read_record(std::vector<std::string>& fields);
  void read_field(std::string& field);
  void read_quoted(std::string& field);
  void read_bare(std::string& field);
  bool end_field();
  void skip_empty_lines();
  bool at(std::string_view text) const { return text_.substr(position_).starts_with(text); }
  void check_length() const;
  void release_pages();

  core::MappedFile file_;
  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;  ///< Of the last row.
  std::size_t released_ = 0;
  std::int64_t line_ = 0;       ///< Line number at which the last row begins, from 1.
  std::int64_t next_line_ = 1;  ///< Line number of the byte at `position_`.
  std::int64_t rows_ = 0;
  std::vector<std::string> columns_;
  std::vector<std::string> fields_;
};

}  // namespace svhn::formats
