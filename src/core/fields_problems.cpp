#include <algorithm>
#include <vector>

#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::core {
namespace {

constexpr std::size_t kToldProblems = 20;
constexpr std::size_t kLongestName = 64;  // Longer words are not looked up: the search is quadratic.

/// Optimal string alignment distance. @see Damerau, CACM 7(3), 1964
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string number_text(double value) {
  return nlohmann::json(value).dump();
}

}  // namespace

void Problems::note(std::string pointer, std::string origin) {
  notes_.emplace_back(std::move(pointer), std::move(origin));
}

std::string Problems::origin_of(const std::string& pointer) const {
  const auto covers = [&](const auto& note) {
    const std::string& place = note.first;
    return pointer.starts_with(place) && (pointer.size() == place.size() || pointer[place.size()] == '/');
  };
  const auto last = std::find_if(notes_.rbegin(), notes_.rend(), covers);
  return last == notes_.rend() ? "" : " (" + last->second + ")";
}

void Problems::add(const std::string& pointer, const std::string& text) {
  const std::string place = pointer + origin_of(pointer);
  found_.push_back(place.empty() ? text : place + ": " + text);
}

void Problems::throw_if_any(ExitCode code, const std::string& hint) const {
  if (found_.empty()) return;
  std::string message = printable(source_, 400) + ": ";
  if (found_.size() > 1) message += std::to_string(found_.size()) + " problems: ";
  for (std::size_t i = 0; i < std::min(found_.size(), kToldProblems); ++i) {
    message += (i == 0 ? "" : "; ") + found_[i];
  }
  if (found_.size() > kToldProblems) message += "; …";
  throw Error(code, message, hint);
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongestName) return {};
  std::string_view best;
  // Two slips in a word of normal length, one in a short one; never so many that nothing of the word is left.
  std::size_t best_distance = std::min<std::size_t>(word.size() < 4 ? 1 : 1 + word.size() / 4, 4) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= std::min(best_distance, std::max(word.size(), candidate.size()))) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string describe_range(IntegerRange range) {
  if (range.min == range.max) return "the integer " + std::to_string(range.min);
  return "an integer from " + std::to_string(range.min) + " to " + std::to_string(range.max);
}

std::string describe_range(NumberRange range) {
  const std::string min = number_text(range.min);
  const std::string max = number_text(range.max);
  if (!range.open_min && !range.open_max) return "a number from " + min + " to " + max;
  return std::string("a number ") + (range.open_min ? "above " : "of at least ") + min +
         (range.open_max ? " and below " : " and at most ") + max;
}

}  // namespace svhn::core
