#include <algorithm>
#include <cmath>
#include <regex>

#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::core {
namespace {

using nlohmann::json;

/// What stands in the document, for "found …".
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

/// Reads the keys of one object and, when told that this was all, refuses the others.
class ObjectReader final : public Fields {
 public:
  ObjectReader(const json& object, std::string pointer, Problems& problems)
      : object_(object), pointer_(std::move(pointer)), problems_(problems) {}

  void member(const Key& key, const Describe& value) override {
    known_.emplace_back(key.name);
    const std::string place = pointer_ + pointer_part(key.name);
    const auto entry = object_.find(key.name);
    const std::size_t before = problems_.size();
    if (entry != object_.end()) {
      read_fields(*entry, value, problems_, place);
    } else if (key.need == Need::required) {
      problems_.add(place, "missing, but required");
    }
    sound_ = sound_ && problems_.size() == before;
  }

  void check(bool holds, const std::string& pointer, const std::string& problem) override {
    // A value that was not read stands at its default, which would be blamed in its place.
    if (!holds && sound_) problems_.add(pointer.empty() ? pointer_ : pointer_ + "/" + pointer, problem);
  }

  void refuse_others() {
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      problems_.add(pointer_ + pointer_part(name), "unknown key" + suggestion(name, known_));
    }
  }

  void know(std::string_view name) { known_.push_back(name); }

 private:
  const json& object_;
  std::string pointer_;
  Problems& problems_;
  std::vector<std::string_view> known_;
  bool sound_ = true;
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
    if (!fits) return expected(rule.says);
    value = text;
  }

  void choice(std::size_t& index, std::span<const std::string_view> names) override {
    if (!value_.is_string()) return expected("one of " + listed(names));
    const std::string& word = value_.get_ref<const std::string&>();
    const auto place = std::find(names.begin(), names.end(), word);
    if (place != names.end()) {
      index = static_cast<std::size_t>(place - names.begin());
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
    const std::string place = pointer_ + pointer_part(key.name);
    if (tag == value_.end()) return problems_.add(place, "missing; expected one of " + listed(names));
    constexpr auto kUnset = std::numeric_limits<std::size_t>::max();
    std::size_t chosen = kUnset;
    ValueReader(*tag, place, problems_).choice(chosen, names);
    if (chosen == kUnset) return;  // Without the tag nobody knows which keys are right.
    index = chosen;
    ObjectReader reader(value_, pointer_, problems_);
    reader.know(key.name);
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

void read_fields(const json& value, const Describe& describe, Problems& problems,
                 const std::string& pointer) {
  ValueReader reader(value, pointer, problems);
  describe(reader);
}

}  // namespace svhn::core
