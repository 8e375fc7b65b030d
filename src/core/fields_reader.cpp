#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>
#include <vector>

#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::core {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxListed = 20;
constexpr std::size_t kMaxNameLength = 64;  // Longer words get no suggestion: the search is quadratic.

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
  return json(value).dump();
}

/// Describes the value in the document, for "found …".
std::string found(const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "a list";
    case json::value_t::string:
      return "the text '" + printable(value.get_ref<const std::string&>(), 60) + "'";
    case json::value_t::null:
      return "null";
    default:
      return value.dump();
  }
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest_name(word, candidates);
  return near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
}

std::string listed(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool within(double value, NumberRange range) {
  const bool high_enough = range.open_min ? value > range.min : value >= range.min;
  const bool low_enough = range.open_max ? value < range.max : value <= range.max;
  return std::isfinite(value) && high_enough && low_enough;
}

/// Reads the keys of one object; `refuse_others` then reports the keys that nobody asked for.
class ObjectReader final : public Fields {
 public:
  ObjectReader(const json& object, std::string pointer, Problems& problems)
      : object_(object), pointer_(std::move(pointer)), problems_(problems) {}

  void member(const Key& key, const Describe& value) override {
    known_.emplace_back(key.name);
    const std::string pointer = pointer_ + pointer_part(key.name);
    const auto entry = object_.find(key.name);
    const std::size_t before = problems_.size();
    if (entry != object_.end()) {
      read_fields(*entry, value, problems_, pointer);
    } else if (key.need == Need::required) {
      problems_.add(pointer, "missing, but required");
    }
    all_read_ = all_read_ && problems_.size() == before;
  }

  void check(bool holds, const std::string& pointer, const std::string& problem) override {
    // A value that could not be read has its default, which the rule would wrongly report.
    if (!holds && all_read_) problems_.add(pointer.empty() ? pointer_ : pointer_ + "/" + pointer, problem);
  }

  void refuse_others() {
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      problems_.add(pointer_ + pointer_part(name), "unknown key" + suggestion(name, known_));
    }
  }

  void add_known(std::string_view name) { known_.push_back(name); }

 private:
  const json& object_;
  std::string pointer_;
  Problems& problems_;
  std::vector<std::string_view> known_;
  bool all_read_ = true;
};

class ValueReader final : public Visitor {
 public:
  ValueReader(const json& value, std::string pointer, Problems& problems)
      : value_(value), pointer_(std::move(pointer)), problems_(problems) {}

  void integer(std::int64_t& value, IntegerRange range) override {
    if (!value_.is_number_integer()) return expected(describe_range(range));
    // An unsigned number above 2^63 - 1 would wrap.
    const bool too_large =
        value_.is_number_unsigned() &&
        value_.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    const std::int64_t number = too_large ? 0 : value_.get<std::int64_t>();
    if (too_large || number < range.min || number > range.max) return out_of_range(describe_range(range));
    value = number;
  }

  void natural(std::uint64_t& value) override {
    const std::string range = "an integer from 0 to 18446744073709551615";
    if (!value_.is_number_integer()) return expected(range);
    // "-0" is signed but fine.
    if (!value_.is_number_unsigned() && value_.get<std::int64_t>() < 0) return out_of_range(range);
    value = value_.get<std::uint64_t>();
  }

  void number(double& value, NumberRange range) override {
    if (!value_.is_number()) return expected(describe_range(range));
    const double number = value_.get<double>();
    if (!within(number, range)) return out_of_range(describe_range(range));
    value = number;
  }

  void boolean(bool& value) override {
    if (!value_.is_boolean()) return expected("true or false");
    value = value_.get<bool>();
  }

  void text(std::string& value, const TextRule& rule) override {
    if (!value_.is_string()) return expected("a text");
    const std::string& text = value_.get_ref<const std::string&>();
    if (text.empty()) return expected("a text that is not empty");
    if (text.size() > rule.max_bytes)
      return expected("a text of at most " + std::to_string(rule.max_bytes) + " bytes");
    if (has_control_character(text)) return expected("a text without control characters");
    const bool fits = *rule.pattern == '\0' || std::regex_match(text, std::regex(rule.pattern));
    if (!fits) return expected(rule.description);
    value = text;
  }

  void choice(std::size_t& index, std::span<const std::string_view> names) override {
    if (!value_.is_string()) return expected("one of " + listed(names));
    const std::string& word = value_.get_ref<const std::string&>();
    const auto match = std::find(names.begin(), names.end(), word);
    if (match != names.end()) {
      index = static_cast<std::size_t>(match - names.begin());
      return;
    }
    const std::string near = suggestion(word, names);
    problems_.add(pointer_, "unknown value '" + printable(word, 60) + "'" +
                                (near.empty() ? "; expected one of " + listed(names) : near));
  }

  void object(const DescribeFields& fields) override {
    if (!value_.is_object()) return expected("an object");
    ObjectReader reader(value_, pointer_, problems_);
    fields(reader);
    reader.refuse_others();
  }

  void nullable(bool& present, const Describe& value) override {
    present = !value_.is_null();
    if (present) value(*this);
  }

  void list(const ListAccess& list, SizeRange range) override {
    if (!value_.is_array()) return expected("a list");
    if (value_.size() < range.min || value_.size() > range.max) {
      return problems_.add(pointer_, "has " + std::to_string(value_.size()) + " elements, expected " +
                                         std::to_string(range.min) + " to " + std::to_string(range.max));
    }
    list.resize(value_.size());
    for (std::size_t i = 0; i < value_.size(); ++i) {
      ValueReader element(value_[i], pointer_ + "/" + std::to_string(i), problems_);
      list.element(element, i);
    }
  }

  void tagged(const Key& key, std::span<const std::string_view> names, std::size_t& index,
              const DescribeFields& fields) override {
    if (!value_.is_object()) return expected("an object");
    const auto tag = value_.find(key.name);
    const std::string pointer = pointer_ + pointer_part(key.name);
    if (tag == value_.end()) return problems_.add(pointer, "missing; expected one of " + listed(names));
    constexpr auto kUnset = std::numeric_limits<std::size_t>::max();
    std::size_t chosen = kUnset;
    ValueReader(*tag, pointer, problems_).choice(chosen, names);
    if (chosen == kUnset) return;  // The tag decides which keys are allowed.
    index = chosen;
    ObjectReader reader(value_, pointer_, problems_);
    reader.add_known(key.name);
    fields(reader);
    reader.refuse_others();
  }

 private:
  void expected(const std::string& what) {
    problems_.add(pointer_, "expected " + what + ", found " + found(value_));
  }
  void out_of_range(const std::string& range) {
    problems_.add(pointer_, value_.dump() + " is out of range, expected " + range);
  }

  const json& value_;
  std::string pointer_;
  Problems& problems_;
};

}  // namespace

void Problems::note(std::string pointer, std::string origin) {
  notes_.emplace_back(std::move(pointer), std::move(origin));
}

std::string Problems::origin_of(const std::string& pointer) const {
  const auto covers = [&](const auto& note) {
    const std::string& noted = note.first;
    return pointer.starts_with(noted) && (pointer.size() == noted.size() || pointer[noted.size()] == '/');
  };
  const auto last = std::find_if(notes_.rbegin(), notes_.rend(), covers);
  return last == notes_.rend() ? "" : last->second;
}

std::string Problem::line() const {
  const std::string subject = pointer + (origin.empty() ? "" : " (" + origin + ")");
  return subject.empty() ? text : subject + ": " + text;
}

void Problems::add(const std::string& pointer, const std::string& text) {
  found_.push_back({pointer, origin_of(pointer), text});
}

void Problems::throw_if_any(ExitCode code, const std::string& hint) const {
  if (found_.empty()) return;
  std::string message = printable(source_, 400) + ": ";
  if (found_.size() > 1) message += std::to_string(found_.size()) + " problems: ";
  for (std::size_t i = 0; i < std::min(found_.size(), kMaxListed); ++i) {
    message += (i == 0 ? "" : "; ") + found_[i].line();
  }
  if (found_.size() > kMaxListed) message += "; …";
  throw DocumentError(code, message, hint, found_);
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kMaxNameLength) return {};
  std::string_view best;
  // Two typing errors in a word of normal length, one in a short one; fewer than the word has letters.
  std::size_t best_distance = std::min<std::size_t>(word.size() < 4 ? 1 : 1 + word.size() / 4, 4) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kMaxNameLength) continue;
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

void read_fields(const json& value, const Describe& describe, Problems& problems,
                 const std::string& pointer) {
  ValueReader reader(value, pointer, problems);
  describe(reader);
}

}  // namespace svhn::core
