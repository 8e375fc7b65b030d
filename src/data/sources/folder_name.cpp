#include "data/sources/folder_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace svhn::data {
namespace {

constexpr std::array<std::string_view, 11> kNumbers{"zero", "one",   "two",   "three", "four", "five",
                                                    "six",  "seven", "eight", "nine",  "ten"};
/// Words beside a number that say only that it is one.
constexpr std::array<std::string_view, 10> kFillers{"digit", "digits", "class", "cls",    "category",
                                                    "label", "number", "num",   "folder", "no"};
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxNumber = 4;  // Digits of a number, with leading zeros.

// ASCII only: a name may be UTF-8, and tolower would follow the locale.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_number(char c) {
  return c >= '0' && c <= '9';
}

bool is_separator(char c) {
  return c == '_' || c == '-' || c == '.' || c == ' ';
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

/// Removes a run of digits or of other characters, which ends before a separator. @returns the run.
std::string_view take_run(std::string_view& text) {
  const bool number = is_number(text.front());
  const auto* const end = std::find_if(
      text.begin(), text.end(), [number](char c) { return is_separator(c) || is_number(c) != number; });
  const std::string_view run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(run.size());
  return run;
}

/// @returns the number that a run spells, in figures or as a word.
std::optional<int> number_of(std::string_view run) {
  if (!is_number(run.front())) {
    const auto* const word = std::find(kNumbers.begin(), kNumbers.end(), run);
    return word == kNumbers.end() ? std::nullopt : std::optional(static_cast<int>(word - kNumbers.begin()));
  }
  int value = 0;
  std::from_chars(run.data(), run.data() + run.size(), value);
  return run.size() <= kMaxNumber && value <= 10 ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<int> digit_of_folder(std::string_view name) {
  if (name.size() > kMaxName) return std::nullopt;
  const std::string text = lower_case(name);
  std::optional<int> digit;
  for (std::string_view rest = text; !rest.empty();) {
    if (is_separator(rest.front())) {
      rest.remove_prefix(1);
      continue;
    }
    const std::string_view run = take_run(rest);
    if (std::find(kFillers.begin(), kFillers.end(), run) != kFillers.end()) continue;
    const auto number = number_of(run);
    if (!number || (digit && *digit != *number)) return std::nullopt;
    digit = number;
  }
  return digit;
}

std::optional<Origin> origin_of_folder(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Origin>, 8> kNames{{{"train", Origin::train},
                                                                       {"training", Origin::train},
                                                                       {"extra", Origin::extra},
                                                                       {"val", Origin::val},
                                                                       {"valid", Origin::val},
                                                                       {"validation", Origin::val},
                                                                       {"test", Origin::test},
                                                                       {"testing", Origin::test}}};
  const std::string text = lower_case(name);
  const auto* const found =
      std::find_if(kNames.begin(), kNames.end(), [&text](const auto& entry) { return entry.first == text; });
  return found == kNames.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace svhn::data
