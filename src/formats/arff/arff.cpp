#include "formats/arff/arff.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "formats/arff/token.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kReleaseEvery = 16U << 20U;
constexpr std::size_t kLongestQuote = 40;
constexpr std::ptrdiff_t kMostPlainDigits = 9;  // So many never overflow 32 bits.

bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

/// @returns what follows `from` up to the line's end.
const char* line_end(const char* from, const char* end) {
  while (from < end && *from != '\n') ++from;
  return from;
}

/// @returns a piece of the file fit for a message.
std::string excerpt(std::string_view text) {
  std::string shown = "'";
  for (const char c : text.substr(0, kLongestQuote)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (text.size() > kLongestQuote ? "…'" : "'");
}

std::optional<std::int32_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  constexpr std::numeric_limits<std::int32_t> kLimits{};
  if (!(value >= kLimits.min() && value <= kLimits.max()) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::int32_t>(value);
}

std::optional<std::int32_t> parse_nominal(const ArffAttribute& attribute, std::string_view text) {
  const auto word = arff::take_word(text, "");
  if (!word || !text.empty()) return std::nullopt;
  const auto found = std::find(attribute.values.begin(), attribute.values.end(), *word);
  if (found == attribute.values.end()) return std::nullopt;
  return static_cast<std::int32_t>(found - attribute.values.begin());
}

/// @returns where the value that begins at `from` ends: at a comma or a comment outside quotes, or the line's
/// end.
const char* value_end(const char* from, const char* end) {
  char quote = '\0';
  for (; from < end && *from != '\n'; ++from) {
    if (quote != '\0') {
      if (*from == '\\' && from + 1 < end && from[1] != '\n')
        ++from;
      else if (*from == quote)
        quote = '\0';
    } else if (*from == ',' || *from == '%') {
      break;
    } else if (*from == '\'' || *from == '"') {
      quote = *from;
    }
  }
  return from;
}

/// Reads "number," again and again: nearly all of a table of pixels.
/// @param p moved behind the last such comma. @returns how many of `values` were filled.
std::size_t read_plain_run(const char*& p, const char* end, std::span<std::int32_t> values) {
  std::size_t count = 0;
  for (; count < values.size(); ++count) {
    const char* q = p;
    while (q < end && *q == ' ') ++q;
    const char* const first = q;
    const char* const last = end - q > kMostPlainDigits ? q + kMostPlainDigits : end;
    std::int32_t value = 0;
    for (; q < last && is_digit(*q); ++q) value = value * 10 + (*q - '0');
    if (q == first || q == end || *q != ',') break;
    values[count] = value;
    p = q + 1;
  }
  return count;
}

std::size_t leading_numeric(const std::vector<ArffAttribute>& attributes) {
  const auto nominal = [](const ArffAttribute& attribute) { return attribute.nominal(); };
  return static_cast<std::size_t>(std::find_if(attributes.begin(), attributes.end(), nominal) -
                                  attributes.begin());
}

}  // namespace

ArffReader::ArffReader(const std::filesystem::path& path)
    : file_(path, core::ExitCode::data),
      text_(reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()),
      header_(parse_arff_header(text_, path.string())),
      position_(header_.data_offset),
      next_line_(header_.data_line),
      // The last column has no comma behind it and is never part of a plain run.
      plain_columns_(std::min(leading_numeric(header_.attributes), header_.attributes.size() - 1)) {}

bool ArffReader::next_row(std::span<std::int32_t> values) {
  if (values.size() != header_.attributes.size()) {
    throw core::Error(core::ExitCode::bug, "an ARFF row needs one place for each attribute");
  }
  if (!find_row()) return false;
  read_values(values);
  release_pages();
  return true;
}

bool ArffReader::find_row() {
  const char* const end = text_.data() + text_.size();
  const char* p = text_.data() + position_;
  while (p < end && (*p == '\n' || *p == '%' || arff::is_blank(*p))) {
    if (*p == '%') p = line_end(p, end);
    if (p < end && *p++ == '\n') ++next_line_;
  }
  position_ = static_cast<std::size_t>(p - text_.data());
  line_ = next_line_;
  return p < end;
}

void ArffReader::read_values(std::span<std::int32_t> values) {
  const char* const end = text_.data() + text_.size();
  const char* p = text_.data() + position_;
  if (*p == '{') refuse("a sparse row", "write every value of the row, or fetch the dense file");
  for (std::size_t i = read_plain_run(p, end, values.first(plain_columns_)); i < values.size(); ++i) {
    const char* const stop = value_end(p, end);
    const bool last = i + 1 == values.size();
    const bool comma = stop < end && *stop == ',';
    if (comma == last) refuse_count(i + 1, comma);
    values[i] = parse_value(i, arff::trimmed({p, static_cast<std::size_t>(stop - p)}));
    p = comma ? stop + 1 : line_end(stop, end);
  }
  position_ = static_cast<std::size_t>(p - text_.data());
}

std::int32_t ArffReader::parse_value(std::size_t column, std::string_view text) const {
  const ArffAttribute& attribute = header_.attributes[column];
  const auto value = attribute.nominal() ? parse_nominal(attribute, text) : parse_integer(text);
  if (value) return *value;
  const std::string place = "column " + std::to_string(column + 1) + " (" + excerpt(attribute.name) + ")";
  if (text == "?") refuse("a missing value (?) in " + place, "remove the row, or fetch the file again");
  refuse(excerpt(text) + " in " + place + " is no " +
             (attribute.nominal() ? "value of that attribute" : "whole number"),
         attribute.nominal() ? "the values are listed in the attribute's line" : "whole numbers are needed");
}

void ArffReader::refuse_count(std::size_t found, bool more) const {
  const std::string declared = std::to_string(header_.attributes.size());
  refuse(more ? "more than the " + declared + " values that the header declares"
              : std::to_string(found) + " values where the header declares " + declared,
         "the row was cut short or damaged; fetch the file again");
}

void ArffReader::refuse(const std::string& what, std::string hint) const {
  throw core::Error(core::ExitCode::data,
                    "'" + file_.path().string() + "' line " + std::to_string(line_) + ": " + what,
                    std::move(hint));
}

void ArffReader::release_pages() {
  if (position_ - released_ < kReleaseEvery) return;
  file_.release(released_, position_ - released_);
  released_ = position_;
}

}  // namespace svhn::formats
