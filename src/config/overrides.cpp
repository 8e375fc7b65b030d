#include "config/overrides.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/json.h"

namespace svhn::config {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;

constexpr std::size_t kMaxParts = 64;

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

[[noreturn]] void refuse_assignment(const std::string& origin) {
  throw Error(ExitCode::usage, origin + " is not of the form path=value", "for example --set train.epochs=3");
}

json value_of(std::string_view text) {
  try {
    return core::parse_json_strict(text, "value", ExitCode::usage);
  } catch (const Error&) {
    return std::string(text);  // Names need no quotes: --set train.optimizer.type=sgd
  }
}

std::optional<std::size_t> index_of(std::string_view part) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return index;
}

/// A position in a document, which `enter` moves to a child. Remembers the first part that it created.
class Cursor {
 public:
  /// @param refusal start of all messages.
  Cursor(json& document, std::string refusal) : value_(&document), refusal_(std::move(refusal)) {}

  void enter(std::string_view part) {
    if (value_->is_null()) *value_ = json::object();
    if (value_->is_array()) {
      value_ = &element(part);
    } else if (value_->is_object()) {
      const bool is_new = !value_->contains(part);
      value_ = &(*value_)[std::string(part)];
      if (is_new && first_new_.empty()) first_new_ = pointer_ + core::pointer_part(part);
    } else {
      throw Error(ExitCode::config, refusal_ + here() + " is neither an object nor a list",
                  "shorten the path");
    }
    pointer_ += core::pointer_part(part);
  }

  json& value() { return *value_; }
  /// @returns the pointer of the topmost value that was created, or of the current value.
  [[nodiscard]] const std::string& blamed() const { return first_new_.empty() ? pointer_ : first_new_; }

 private:
  [[nodiscard]] std::string here() const { return pointer_.empty() ? "the document" : pointer_; }

  json& element(std::string_view part) {
    const auto index = index_of(part);
    if (index && *index < value_->size()) return (*value_)[*index];
    throw Error(ExitCode::config,
                refusal_ + here() + " is a list of " + std::to_string(value_->size()) +
                    " elements, without '" + core::printable(part) + "'",
                "elements are counted from 0");
  }

  json* value_;
  std::string refusal_;
  std::string pointer_;
  std::string first_new_;
};

}  // namespace

void apply_override(json& document, std::string_view assignment, const std::string& source,
                    core::Problems& problems) {
  const std::string origin = "--set " + core::printable(assignment);
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0 || !core::is_utf8(assignment))
    refuse_assignment(origin);
  const auto parts = split_path(assignment.substr(0, equals));
  if (parts.size() > kMaxParts) refuse_assignment(origin);
  Cursor cursor(document, core::printable(source, 400) + ": " + origin + ": ");
  for (const std::string_view part : parts) {
    if (part.empty()) refuse_assignment(origin);
    cursor.enter(part);
  }
  cursor.value() = value_of(assignment.substr(equals + 1));
  problems.note(cursor.blamed(), origin);
}

}  // namespace svhn::config
