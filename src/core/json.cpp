#include "core/json.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/file.h"

namespace svhn::core {
namespace {

using nlohmann::json;

/// One row of table 3-7 of the Unicode standard: lead bytes, the range of the second byte, the length.
struct Utf8Form {
  unsigned char lead_min, lead_max, second_min, second_max;
  std::size_t length;
};

constexpr Utf8Form kForms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                               {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                               {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                               {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

bool fits(std::string_view text, const Utf8Form& form) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < form.lead_min || byte(0) > form.lead_max || text.size() < form.length) return false;
  if (byte(1) < form.second_min || byte(1) > form.second_max) return false;
  for (std::size_t i = 2; i < form.length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return false;
  }
  return true;
}

/// @returns the bytes of the first character of a text that is not empty, or 0 when it is ill-formed.
std::size_t character_length(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return 1;
  for (const Utf8Form& form : kForms) {
    if (fits(text, form)) return form.length;
  }
  return 0;
}

/// @returns whether a well-formed character moves the cursor or other text of a terminal: C0 and C1 controls,
/// separators of lines and paragraphs, and marks of the writing direction.
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return (byte(0) == 0xC2 && byte(1) < 0xA0) || character == "\xD8\x9C";
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  const bool general =
      byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xA8 && byte(2) <= 0xAE));
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
  return general || isolates;
}

/// @returns the JSON escape of a control character of up to three bytes.
std::string json_escape(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(character[i]));
  };
  unsigned code = byte(0);
  if (character.size() == 2) code = (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
  if (character.size() == 3) code = (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  std::string out = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[code >> static_cast<unsigned>(shift) & 0xFU];
  return out;
}

/// Calls `take` with each character of a text; with "" for a byte that is part of none.
template <typename Take>
void for_characters(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    take(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

constexpr const char* kSyntaxHint =
    "strict JSON has no comments, no trailing commas and no NaN; correct the text at that place";

/// @returns "line L, column C" of a byte; columns count characters.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t newline = before.rfind('\n');
  const std::string_view row = newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  const auto column = std::count_if(row.begin(), row.end(), [&](char c) { return !continues(c); }) + 1;
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// @returns the reason in the parser's exception, without its tag and position.
std::string plain_reason(std::string_view what) {
  if (const std::size_t tag = what.find("] "); tag != std::string_view::npos) what.remove_prefix(tag + 2);
  if (what.starts_with("parse error")) what.remove_prefix(std::min(what.size(), what.find(": ") + 2));
  return printable(what, 240);
}

/// Builds the document from the parser's events and stops at the first one that breaks a rule. nlohmann's
/// builder would keep the last of two equal keys and turn large integers into floats.
class StrictBuilder {
 public:
  StrictBuilder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  bool null() { return put(nullptr) != nullptr; }
  bool boolean(bool value) { return put(value) != nullptr; }
  bool number_integer(std::int64_t value) { return put(value) != nullptr; }
  bool number_unsigned(std::uint64_t value) { return put(value) != nullptr; }
  bool number_float(double value, const std::string& raw) {
    if (raw.find_first_of(".eE") != std::string::npos) return put(value) != nullptr;
    return refuse("the integer " + printable(raw, 40) + " does not fit 64 bits", "use a smaller number");
  }
  bool string(std::string& value) { return put(std::move(value)) != nullptr; }
  bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    keys_.back() = std::move(name);
    if (!open_.back()->contains(keys_.back())) return true;
    return refuse("duplicate key", "keep one of the two");
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    problem_ = line_and_column(text_, position == 0 ? 0 : position - 1) + ": " + plain_reason(error.what());
    hint_ = kSyntaxHint;
    return false;
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }
  json take() { return std::move(root_); }

 private:
  bool refuse(const std::string& reason, const char* hint) {
    std::string pointer;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (!open_[i]->is_array()) {
        pointer += pointer_part(keys_[i]);
      } else {
        const bool child_is_in = i + 1 < open_.size();
        pointer += pointer_part(std::to_string(open_[i]->size() - (child_is_in ? 1 : 0)));
      }
    }
    problem_ = pointer.empty() ? reason : pointer + ": " + reason;
    hint_ = hint;
    return false;
  }

  json* put(json&& value) {
    if (++values_ > limits_.max_values) {
      problem_ = "holds more than " + std::to_string(limits_.max_values) + " values";
      hint_ = "check that this is the right file";
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    json& parent = *open_.back();
    if (parent.is_array()) return &parent.get_ref<json::array_t&>().emplace_back(std::move(value));
    return &(parent[keys_.back()] = std::move(value));
  }

  bool open(json&& container) {
    if (open_.size() >= limits_.max_depth) {
      problem_ = "nested deeper than " + std::to_string(limits_.max_depth) + " levels";
      hint_ = "check that this is the right file";
      return false;
    }
    json* stored = put(std::move(container));
    if (stored == nullptr) return false;
    open_.push_back(stored);
    keys_.emplace_back();
    return true;
  }

  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  std::string_view text_;
  JsonLimits limits_;
  json root_;
  std::vector<json*> open_;        // Outermost first; a parent does not grow while a child is open.
  std::vector<std::string> keys_;  // The current key of each open object.
  std::size_t values_ = 0;
  std::string problem_;
  std::string hint_;
};

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= max_bytes) return out + "…";
    const std::size_t length = character_length(text);
    if (length == 0 || is_control(text.substr(0, length))) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_characters(text, [&out](std::string_view character) {
    const bool plain = character == "\n" || (!character.empty() && !is_control(character));
    out += plain ? character : "?";
  });
  return out;
}

std::string pointer_part(std::string_view key) {
  std::string out = "/";
  for (const char c : printable(key)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

namespace {

std::string safe_dump(const nlohmann::ordered_json& document, int indent) {
  const std::string text =
      document.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size() + 1);
  for_characters(text, [&out](std::string_view character) {
    // The library has escaped those below 0x20; what is left of them are its line ends.
    const bool escape = character != "\n" && is_control(character);
    out += escape ? json_escape(character) : character;
  });
  return out + "\n";
}

}  // namespace

std::string json_text(const nlohmann::ordered_json& document) {
  return safe_dump(document, 2);
}

std::string json_line(const nlohmann::ordered_json& document) {
  return safe_dump(document, -1);
}

std::vector<JsonDifference> json_diff(const json& before, const json& after) {
  const json left = before.flatten(), right = after.flatten();
  std::vector<JsonDifference> differences;
  for (const auto& [pointer, value] : left.items()) {
    const auto other = right.find(pointer);
    if (other == right.end()) {
      differences.push_back({pointer, value.dump(), "nothing"});
    } else if (*other != value) {
      differences.push_back({pointer, value.dump(), other->dump()});
    }
  }
  for (const auto& [pointer, value] : right.items()) {
    if (!left.contains(pointer)) differences.push_back({pointer, "nothing", value.dump()});
  }
  return differences;
}

json parse_json_strict(std::string_view text, const std::string& source, ExitCode code,
                       const JsonLimits& limits) {
  const std::string name = printable(source, 400);
  if (text.size() > limits.max_bytes) {
    throw Error(code,
                name + ": has " + std::to_string(text.size()) + " bytes, more than the " +
                    std::to_string(limits.max_bytes) + " that are read as JSON",
                "check that this is the right file");
  }
  // The parser would take a NUL byte for the end of the text and ignore the rest.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(code, name + ": " + line_and_column(text, nul) + ": a NUL byte", kSyntaxHint);
  }
  StrictBuilder builder(text, limits);
  if (!json::sax_parse(text.data(), text.data() + text.size(), &builder)) {
    throw Error(code, name + ": " + builder.problem(), builder.hint());
  }
  return builder.take();
}

json read_json_file(const std::filesystem::path& path, ExitCode code, const JsonLimits& limits) {
  return parse_json_strict(read_text_file(path, code, limits.max_bytes), path.string(), code, limits);
}

}  // namespace svhn::core
