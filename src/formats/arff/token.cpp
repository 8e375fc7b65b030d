#include "formats/arff/token.h"

#include <algorithm>

namespace svhn::formats::arff {
namespace {

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

}  // namespace

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

std::string_view trimmed(std::string_view text) {
  skip_blanks(text);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string> take_word(std::string_view& text, std::string_view stops) {
  if (!text.empty() && (text.front() == '\'' || text.front() == '"')) return take_quoted(text);
  std::size_t end = 0;
  while (end < text.size() && !is_blank(text[end]) && stops.find(text[end]) == std::string_view::npos) ++end;
  if (end == 0) return std::nullopt;
  std::string word(text.substr(0, end));
  text.remove_prefix(end);
  return word;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  // ASCII by hand: the keywords are ASCII, and tolower would follow the locale.
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace svhn::formats::arff
