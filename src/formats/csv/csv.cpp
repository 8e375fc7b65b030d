#include "formats/csv/csv.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/json.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kMaxColumns = 1000;
constexpr std::size_t kMaxRowBytes = 64U << 10U;
constexpr std::int64_t kMaxRows = 10'000'000;
constexpr std::size_t kReleaseBytes = 16U << 20U;
constexpr std::size_t kMaxExcerpt = 40;
constexpr std::size_t kMaxNames = 200;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string excerpt(std::string_view text) {
  return "'" + core::printable(text, kMaxExcerpt) + "'";
}

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& path)
    : file_(path, core::ExitCode::data),
      text_(reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()) {
  if (at(kByteOrderMark)) position_ = kByteOrderMark.size();
  line_ = next_line_;
  if (!read_record(columns_)) refuse("the file is empty", "its first line names the columns");
}

std::size_t CsvReader::column(std::string_view name) const {
  const auto count = std::count(columns_.begin(), columns_.end(), name);
  if (count == 1) {
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), name) - columns_.begin());
  }
  std::string names;
  for (const std::string& column : columns_) names += (names.empty() ? "" : ",") + column;
  refuse(std::string(count == 0 ? "no column" : "two columns") + " named '" + std::string(name) + "' in '" +
             core::printable(names, kMaxNames) + "'",
         "the first line names the columns, separated by commas");
}

bool CsvReader::next_row() {
  if (!read_record(fields_)) return false;
  if (++rows_ > kMaxRows) {
    refuse("more than " + std::to_string(kMaxRows) + " rows", "this is no table of digits");
  }
  if (fields_.size() != columns_.size()) {
    refuse(std::to_string(fields_.size()) + " fields, but the first line names " +
               std::to_string(columns_.size()),
           "put a field with commas in quotes, and leave no field out");
  }
  release_pages();
  return true;
}

std::int64_t CsvReader::integer(std::size_t column, std::int64_t min, std::int64_t max) const {
  const std::string& text = fields_.at(column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && value >= min && value <= max) return value;
  refuse(columns_.at(column) + " is " + excerpt(text) + ", not a whole number from " + std::to_string(min) +
             " to " + std::to_string(max),
         "correct that line");
}

void CsvReader::refuse(const std::string& what, std::string hint) const {
  throw core::Error(core::ExitCode::data,
                    "'" + file_.path().string() + "' line " + std::to_string(line_) + ": " + what,
                    std::move(hint));
}

/// Reads one row of any number of fields. @returns false at the end of the file.
bool CsvReader::read_record(std::vector<std::string>& fields) {
  skip_empty_lines();
  if (position_ == text_.size()) return false;
  line_ = next_line_;
  begin_ = position_;
  std::size_t count = 0;
  do {
    if (count == kMaxColumns) {
      refuse("more than " + std::to_string(kMaxColumns) + " columns", "this is no table of digits");
    }
    if (count == fields.size()) fields.emplace_back();
    read_field(fields[count++]);
  } while (!end_field());
  fields.resize(count);
  return true;
}

void CsvReader::skip_empty_lines() {
  while (at("\n") || at("\r\n")) {
    position_ += at("\n") ? 1 : 2;
    ++next_line_;
    release_pages();
  }
}

void CsvReader::read_field(std::string& field) {
  field.clear();
  at("\"") ? read_quoted(field) : read_bare(field);
  if (field.find('\0') != std::string::npos) refuse("a NUL byte", "the file is damaged or no text in UTF-8");
}

void CsvReader::read_bare(std::string& field) {
  // Looks no further than a row may be long.
  const std::string_view rest = text_.substr(position_, kMaxRowBytes + 1);
  const std::size_t end = std::min(rest.find_first_of(",\"\r\n"), rest.size());
  position_ += end;
  check_length();
  field = rest.substr(0, end);
}

void CsvReader::read_quoted(std::string& field) {
  ++position_;
  for (; position_ < text_.size(); ++position_) {
    check_length();
    if (at("\"\"")) {
      ++position_;
    } else if (at("\"")) {
      ++position_;
      return;
    }
    if (at("\n")) ++next_line_;
    field += text_[position_];
  }
  refuse("a quote is not closed", "close it, and write a quote within a field twice");
}

/// Passes over what ends a field. @returns whether that ends the row, too.
bool CsvReader::end_field() {
  if (at(",")) {
    ++position_;
    return false;
  }
  if (position_ == text_.size()) return true;
  if (!at("\n") && !at("\r\n")) {
    refuse(at("\r") ? "a carriage return without a line feed" : "a quote within a field or text behind one",
           "lines end with LF or CR LF; put the whole field in quotes, and write a quote within it twice");
  }
  skip_empty_lines();
  return true;
}

void CsvReader::check_length() const {
  if (position_ - begin_ <= kMaxRowBytes) return;
  refuse("longer than " + std::to_string(kMaxRowBytes) + " bytes", "this is no table of digits");
}

void CsvReader::release_pages() {
  if (position_ - released_ < kReleaseBytes) return;
  file_.release(released_, position_ - released_);
  released_ = position_;
}

}  // namespace svhn::formats
