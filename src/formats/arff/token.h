#pragma once
/// Words of an ARFF line.

#include <optional>
#include <string>
#include <string_view>

namespace svhn::formats::arff {

inline bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Removes blanks (and a line's carriage return) at the beginning.
void skip_blanks(std::string_view& text);

/// @returns `text` without blanks at both ends.
std::string_view trimmed(std::string_view text);

/// Takes one bare or quoted word off the beginning; a bare word ends before a blank or one of `stops`.
/// @returns nothing when there is no word or a quote is not closed.
std::optional<std::string> take_word(std::string_view& text, std::string_view stops);

/// @returns true when `text` is `lower` in any mixture of cases.
bool equals_ignoring_case(std::string_view text, std::string_view lower);

}  // namespace svhn::formats::arff
