#include "core/json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/file.h"

namespace svhn::core {
namespace {

using nlohmann::json;

constexpr const char* kSyntaxHint =
    "strict JSON has no comments, no trailing commas and no NaN; correct the text at that place";

/// "line L, column C" of a byte; columns count characters.
std::string place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t newline = before.rfind('\n');
  const std::string_view row = newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  const auto column = std::count_if(row.begin(), row.end(), [&](char c) { return !continues(c); }) + 1;
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// What the parser's exception says, without its tag and its own idea of the place.
std::string plain_reason(std::string_view what) {
  if (const std::size_t tag = what.find("] "); tag != std::string_view::npos) what.remove_prefix(tag + 2);
  if (what.starts_with("parse error")) what.remove_prefix(std::min(what.size(), what.find(": ") + 2));
  return printable(what, 240);
}

/// Builds the document from the parser's events and stops at the first one that is not acceptable.
/// nlohmann's own builder keeps the last of two equal keys and turns large integers into floats.
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
    problem_ = place_of(text_, position == 0 ? 0 : position - 1) + ": " + plain_reason(error.what());
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
    json* place = put(std::move(container));
    if (place == nullptr) return false;
    open_.push_back(place);
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
  std::vector<json*> open_;        // From the outside in; a parent does not grow while a child is open.
  std::vector<std::string> keys_;  // The current key of each open object.
  std::size_t values_ = 0;
  std::string problem_;
  std::string hint_;
};

}  // namespace

json parse_json_strict(std::string_view text, const std::string& source, ExitCode code,
                       const JsonLimits& limits) {
  const std::string name = printable(source, 400);
  if (text.size() > limits.max_bytes) {
    throw Error(code,
                name + ": has " + std::to_string(text.size()) + " bytes, more than the " +
                    std::to_string(limits.max_bytes) + " that are read as JSON",
                "check that this is the right file");
  }
  // The parser would take a NUL byte for the end of the text and never look at what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(code, name + ": " + place_of(text, nul) + ": a NUL byte", kSyntaxHint);
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
