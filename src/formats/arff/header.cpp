#include <algorithm>
#include <array>
#include <utility>

#include "formats/arff/arff.h"
#include "formats/arff/token.h"

namespace svhn::formats {
namespace {

using arff::equals_ignoring_case;
using arff::skip_blanks;
using arff::take_word;
using arff::trimmed;

constexpr std::size_t kMostColumns = 100'000;
constexpr std::size_t kMostValues = 100'000;

/// Walks the lines of the header.
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
    if (header_.attributes.size() == kMostColumns) {
      refuse("more than " + std::to_string(kMostColumns) + " columns", "this is no table of digits");
    }
    header_.attributes.push_back(std::move(attribute));
  }

  void take_type(const std::string& name) {
    const std::string type = take_word(rest_, "%").value_or("");
    constexpr std::array<std::string_view, 3> kKnown{"numeric", "real", "integer"};
    const auto fits = [&type](std::string_view other) { return equals_ignoring_case(type, other); };
    if (std::any_of(kKnown.begin(), kKnown.end(), fits)) return;
    refuse("attribute '" + name + "' has the type '" + type + "'",
           "only numeric, real, integer and nominal {a,b,…} columns are read");
  }

  void take_values(ArffAttribute& attribute) {
    do {
      rest_.remove_prefix(1);
      skip_blanks(rest_);
      auto value = take_word(rest_, ",}");
      if (!value)
        refuse("attribute '" + attribute.name + "' has an empty or unclosed value", "write {a,b,…}");
      if (++values_ > kMostValues) refuse("too many nominal values", "this is no table of digits");
      attribute.values.push_back(*std::move(value));
      skip_blanks(rest_);
    } while (rest_.starts_with(','));
    if (!rest_.starts_with('}'))
      refuse("attribute '" + attribute.name + "' lacks its closing }", "write {a,b,…}");
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

}  // namespace

ArffHeader parse_arff_header(std::string_view text, const std::string& file) {
  return HeaderParser(text, file).parse();
}

}  // namespace svhn::formats
