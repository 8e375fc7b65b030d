#include "formats/arff/arff.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/json.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kMaxColumns = 100'000;
constexpr std::size_t kMaxValues = 100'000;
constexpr std::size_t kReleaseBytes = 16U << 20U;
constexpr std::size_t kMaxExcerpt = 40;
constexpr std::ptrdiff_t kMaxPlainDigits = 9;  // Nine digits never overflow 32 bits.

/// @returns the beginning of a text of the file in quotes, for messages.
std::string excerpt(std::string_view text) {
  return "'" + core::printable(text, kMaxExcerpt) + "'";
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

char unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return c;
  }
}

std::optional<std::string> take_quoted(std::string_view& text) {
  const char quote = text.front();
  std::string word;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return word;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      word += unescape(text[++i]);
    } else {
      word += text[i];
    }
  }
  return std::nullopt;
}

/// Removes the blanks (and a line's carriage return) at the beginning.
void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

/// @returns `text` without blanks at both ends.
std::string_view trimmed(std::string_view text) {
  skip_blanks(text);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Removes one bare or quoted word from the beginning; a bare word ends before a blank or one of `stops`.
/// @returns the word, or nullopt when there is none or a quote is not closed.
std::optional<std::string> take_word(std::string_view& text, std::string_view stops) {
  if (!text.empty() && (text.front() == '\'' || text.front() == '"')) return take_quoted(text);
  std::size_t end = 0;
  while (end < text.size() && !is_blank(text[end]) && stops.find(text[end]) == std::string_view::npos) ++end;
  if (end == 0) return std::nullopt;
  std::string word(text.substr(0, end));
  text.remove_prefix(end);
  return word;
}

/// @param lower lower-case ASCII. @returns whether `text` equals it, ignoring case.
bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  // The keywords are ASCII, and tolower would follow the locale.
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// Parses the lines of the header.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  ArffHeader parse() {
    while (next_line()) {
      if (rest_.empty() || rest_.front() == '%') continue;
      if (take_declaration()) return std::move(header_);
    }
    refuse("the file ends before @data", "the file is not ARFF or was cut short; fetch it again");
  }

 private:
  bool next_line() {
    if (position_ >= text_.size()) return false;
    const std::size_t end = std::min(text_.find('\n', position_), text_.size());
    rest_ = trimmed(text_.substr(position_, end - position_));
    if (line_ == 0 && rest_.starts_with("\xEF\xBB\xBF")) rest_ = trimmed(rest_.substr(3));
    position_ = std::min(end + 1, text_.size());
    ++line_;
    return true;
  }

  /// @returns true for @data.
  bool take_declaration() {
    const std::string keyword = take_word(rest_, "{,").value_or("");
    skip_blanks(rest_);
    if (equals_ignoring_case(keyword, "@relation")) {
      header_.relation = take_name("relation");
    } else if (equals_ignoring_case(keyword, "@attribute")) {
      take_attribute();
    } else if (equals_ignoring_case(keyword, "@data")) {
      finish();
      return true;
    } else {
      refuse("expected @relation, @attribute or @data", "the file is not ARFF or is damaged");
    }
    return false;
  }

  std::string take_name(const std::string& what) {
    auto name = take_word(rest_, "{,");
    if (!name) refuse("the " + what + " has no name or an open quote", "write @" + what + " NAME");
    skip_blanks(rest_);
    return *std::move(name);
  }

  void take_attribute() {
    ArffAttribute attribute;
    attribute.name = take_name("attribute");
    if (rest_.starts_with('{')) {
      take_values(attribute);
    } else {
      take_type(attribute.name);
    }
    if (header_.attributes.size() == kMaxColumns) {
      refuse("more than " + std::to_string(kMaxColumns) + " columns", "this is no table of digits");
    }
    header_.attributes.push_back(std::move(attribute));
  }

  void take_type(const std::string& name) {
    const std::string type = take_word(rest_, "%").value_or("");
    constexpr std::array<std::string_view, 3> kKnown{"numeric", "real", "integer"};
    const auto fits = [&type](std::string_view other) { return equals_ignoring_case(type, other); };
    if (std::any_of(kKnown.begin(), kKnown.end(), fits)) return;
    refuse("attribute " + excerpt(name) + " has the type " + excerpt(type),
           "only numeric, real, integer and nominal {a,b,…} columns are read");
  }

  void take_values(ArffAttribute& attribute) {
    do {
      rest_.remove_prefix(1);
      skip_blanks(rest_);
      auto value = take_word(rest_, ",}");
      if (!value)
        refuse("attribute " + excerpt(attribute.name) + " has an empty or unclosed value", "write {a,b,…}");
      if (++values_ > kMaxValues) refuse("too many nominal values", "this is no table of digits");
      attribute.values.push_back(*std::move(value));
      skip_blanks(rest_);
    } while (rest_.starts_with(','));
    if (!rest_.starts_with('}'))
      refuse("attribute " + excerpt(attribute.name) + " lacks its closing }", "write {a,b,…}");
  }

  void finish() {
    if (header_.attributes.empty())
      refuse("@data without any @attribute before it", "declare the columns first");
    header_.data_offset = position_;
    header_.data_line = line_ + 1;
  }

  [[noreturn]] void refuse(const std::string& what, std::string hint) const {
    throw core::Error(core::ExitCode::data, "'" + file_ + "' line " + std::to_string(line_) + ": " + what,
                      std::move(hint));
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t position_ = 0;
  std::int64_t line_ = 0;
  std::string_view rest_;
  std::size_t values_ = 0;
  ArffHeader header_;
};

bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

/// @returns the end of the line that holds `from`.
const char* line_end(const char* from, const char* end) {
  while (from < end && *from != '\n') ++from;
  return from;
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
  const auto word = take_word(text, "");
  if (!word || !text.empty()) return std::nullopt;
  const auto found = std::find(attribute.values.begin(), attribute.values.end(), *word);
  if (found == attribute.values.end()) return std::nullopt;
  return static_cast<std::int32_t>(found - attribute.values.begin());
}

/// @returns the first character behind blanks.
const char* behind_blanks(const char* from, const char* end) {
  while (from < end && is_blank(*from)) ++from;
  return from;
}

/// @returns the end of the value that begins at `from`, behind its blanks: a comma, tab or comment outside
/// quotes, or the end of the line.
const char* value_end(const char* from, const char* end) {
  char quote = '\0';
  for (; from < end && *from != '\n'; ++from) {
    if (quote != '\0') {
      if (*from == '\\' && from + 1 < end && from[1] != '\n')
        ++from;
      else if (*from == quote)
        quote = '\0';
    } else if (*from == ',' || *from == '%' || *from == '\t') {
      break;
    } else if (*from == '\'' || *from == '"') {
      quote = *from;
    }
  }
  return from;
}

/// @param stop where a value ended. @returns the beginning of the next value of the row, nullptr when there
/// is none. One comma or some blanks with a tab separate values, as in Weka.
const char* next_value(const char* stop, const char* end) {
  const char* const next = behind_blanks(stop, end);
  if (next < end && *next == ',') return next + 1;
  const bool tab = stop < end && *stop == '\t';
  return tab && next < end && *next != '\n' && *next != '%' ? next : nullptr;
}

/// Fast path for a run of "number,", which makes up nearly all of a table of pixels.
/// @param p moved behind the last separator of the run. @returns how many of `values` were filled.
std::size_t read_plain_run(const char*& p, const char* end, std::span<std::int32_t> values) {
  std::size_t count = 0;
  for (; count < values.size(); ++count) {
    const char* q = p;
    while (q < end && *q == ' ') ++q;
    const char* const first = q;
    const char* const last = end - q > kMaxPlainDigits ? q + kMaxPlainDigits : end;
    std::int32_t value = 0;
    for (; q < last && is_digit(*q); ++q) value = value * 10 + (*q - '0');
    if (q == first || q == end) break;
    // One tab and a digit, as tables with tabs have them; the general path knows all other forms.
    const bool tab = *q == '\t' && q + 1 < end && is_digit(q[1]);
    if (*q != ',' && !tab) break;
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

ArffHeader parse_arff_header(std::string_view text, const std::string& file) {
  return HeaderParser(text, file).parse();
}

ArffReader::ArffReader(const std::filesystem::path& path)
    : file_(path, core::ExitCode::data),
      text_(reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()),
      header_(parse_arff_header(text_, path.string())),
      position_(header_.data_offset),
      next_line_(header_.data_line),
      // No separator follows the last column, so it is never part of a plain run.
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
  while (p < end && (*p == '\n' || *p == '%' || is_blank(*p))) {
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
    p = behind_blanks(p, end);
    const char* const stop = value_end(p, end);
    const char* const next = next_value(stop, end);
    const bool last = i + 1 == values.size();
    if ((next != nullptr) == last) refuse_count(i + 1, last);
    values[i] = parse_value(i, trimmed({p, static_cast<std::size_t>(stop - p)}));
    p = next != nullptr ? next : line_end(stop, end);
  }
  position_ = static_cast<std::size_t>(p - text_.data());
}

std::int32_t ArffReader::parse_value(std::size_t column, std::string_view text) const {
  const ArffAttribute& attribute = header_.attributes[column];
  const auto value = attribute.nominal() ? parse_nominal(attribute, text) : parse_integer(text);
  if (value) return *value;
  const std::string column_text =
      "column " + std::to_string(column + 1) + " (" + excerpt(attribute.name) + ")";
  if (text == "?") refuse("a missing value (?) in " + column_text, "remove the row, or fetch the file again");
  refuse(excerpt(text) + " in " + column_text + " is no " +
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
  if (position_ - released_ < kReleaseBytes) return;
  file_.release(released_, position_ - released_);
  released_ = position_;
}

}  // namespace svhn::formats
