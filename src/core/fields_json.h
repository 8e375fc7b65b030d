#pragma once
/// Runs descriptions (core/fields.h) against JSON: reading, writing, JSON Schema.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/fields.h"

namespace svhn::core {

/// A fault of a document.
struct Problem {
  std::string pointer;  ///< JSON pointer of the wrong value; "" for the document.
  std::string origin;   ///< Where the value came from, if not from the document.
  std::string text;     ///< One line.

  /// @returns "/pointer (origin): text".
  [[nodiscard]] std::string line() const;
};

/// The error of a document, with its faults one by one.
class DocumentError : public Error {
 public:
  DocumentError(ExitCode code, const std::string& message, const std::string& hint,
                std::vector<Problem> problems)
      : Error(code, message, hint), problems_(std::move(problems)) {}
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

/// Collects the errors of one document, so that one message reports them all.
class Problems {
 public:
  /// @param source the name of the document in messages, for instance a file name.
  explicit Problems(std::string source) : source_(std::move(source)) {}

  /// Records where the value at `pointer` came from; messages about it or a value below it name the origin.
  void note(std::string pointer, std::string origin);
  /// @param pointer JSON pointer of the wrong value ("" for the document). @param text one line.
  void add(const std::string& pointer, const std::string& text);
  [[nodiscard]] std::size_t size() const { return found_.size(); }
  /// @throws DocumentError(code) when there are problems: `SOURCE: /pointer: problem`, or
  /// `SOURCE: 2 problems: /a: …; /b: …`.
  void throw_if_any(ExitCode code, const std::string& hint) const;

 private:
  [[nodiscard]] std::string origin_of(const std::string& pointer) const;

  std::string source_;
  std::vector<Problem> found_;
  std::vector<std::pair<std::string, std::string>> notes_;  // Pointer and origin; later ones win.
};

/// Reads a value as described. An absent key leaves the struct's value unchanged. So does an error, which is
/// added to `problems`: unknown keys (with "did you mean"), missing required keys, wrong types, values out of
/// range, rules that do not hold.
/// @param pointer the JSON pointer of `value` in its document.
void read_fields(const nlohmann::json& value, const Describe& describe, Problems& problems,
                 const std::string& pointer = "");

/// @returns the value with every key but the sparse ones at their default, in the order of the description.
nlohmann::ordered_json write_fields(const Describe& describe);

/// @returns a JSON Schema (draft 2020-12) of the value: types, ranges, names, defaults, documentation;
/// objects allow no other keys. The struct behind `describe` must hold its defaults.
nlohmann::ordered_json fields_schema(const Describe& describe);

/// @returns the candidate that is nearest to `word` by edit distance (insert, delete, replace, swap), or ""
/// when none is near enough for a suggestion.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates);

/// @returns the range in words: "an integer from 1 to 10", "a number above 0 and at most 1".
std::string describe_range(IntegerRange range);
std::string describe_range(NumberRange range);

}  // namespace svhn::core
