#pragma once
/// Strict JSON parsing for every text that comes from outside the program.
/// @see RFC 8259 (JSON), RFC 6901 (JSON pointers, by which messages name values)

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace svhn::core {

/// Limits, checked before memory is allocated.
struct JsonLimits {
  std::size_t max_bytes = std::size_t{16} << 20;  ///< Length of the text.
  std::size_t max_values = 1'000'000;             ///< Total of numbers, strings, lists, objects ….
  std::size_t max_depth = 64;                     ///< Nesting of lists and objects.
};

/// Reads one JSON document. Integers stay exact: signed or unsigned 64 bits, never a float.
/// @param text UTF-8; a byte order mark is skipped.
/// @param source the name of the text in messages, for instance a file name.
/// @param code exit code of a failure.
/// @throws Error(code) with the line and column for a syntax error (comments, trailing commas, NaN, text
/// after the document, NUL bytes and ill-formed UTF-8 included) or with the JSON pointer for a duplicate key,
/// an integer beyond 64 bits, a number beyond float64 or a document beyond `limits`.
nlohmann::json parse_json_strict(std::string_view text, const std::string& source, ExitCode code,
                                 const JsonLimits& limits = {});

/// Reads a file as `parse_json_strict` does. @throws Error(code), also when the file is missing or too long.
nlohmann::json read_json_file(const std::filesystem::path& path, ExitCode code,
                              const JsonLimits& limits = {});

/// @returns the document indented by two spaces with a final newline; ill-formed UTF-8 becomes U+FFFD, and
/// what `printable` replaces is escaped.
std::string json_text(const nlohmann::ordered_json& document);
/// @returns the same on one line, with a final newline: a line of JSON Lines.
std::string json_line(const nlohmann::ordered_json& document);

/// A value at which two documents differ.
struct JsonDifference {
  std::string pointer;  ///< JSON pointer.
  std::string before;   ///< The value as JSON; "nothing" where the document has none.
  std::string after;
};

/// Compares two documents value by value; an empty list or object counts as null.
/// @returns the differences by pointer: those at values of `before`, then those at values of `after` alone.
std::vector<JsonDifference> json_diff(const nlohmann::json& before, const nlohmann::json& after);

/// @returns `key` as one part of a JSON pointer: "/key", escaped ('~', '/') and made `printable`.
std::string pointer_part(std::string_view key);

/// @returns whether `text` is well-formed UTF-8 (no overlong forms, surrogates or values above U+10FFFF).
bool is_utf8(std::string_view text);

/// @returns `text` for a one-line message: control characters (line ends and marks of the writing direction
/// included) and ill-formed bytes become '?', and a text longer than `max_bytes` is cut and ends in "…".
std::string printable(std::string_view text, std::size_t max_bytes = 120);
/// @returns a text of several lines, uncut, in which all but the line ends is replaced as by `printable`.
std::string printable_lines(std::string_view text);

}  // namespace svhn::core
