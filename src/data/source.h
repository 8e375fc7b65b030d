#pragma once
/// The forms in which digits come (a table), the common result of their readers, and the rules for their
/// labels.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::data {

/// Meaning of a label. index: 0 is '1' … 9 is '0'; digit: 0 is '0'; svhn: 10 is '0', 1 is '1'.
enum class LabelRule { index, digit, svhn };
inline constexpr std::array kLabelRules{LabelRule::index, LabelRule::digit, LabelRule::svhn};

/// The part of a source's own division that a row comes from; `extra` is training data.
enum class Origin : std::uint8_t { train, test, extra, val };

/// Digits read from one or more files; N images. What is described after the labels is of image folders only.
struct RawDigits {
  std::vector<std::uint8_t> images;     ///< [N,32,32,3] height, width, RGB.
  std::vector<std::int64_t> labels;     ///< [N], as stored in the source.
  std::vector<std::string> unreadable;  ///< Skipped files with the reason.
  std::vector<std::string> notes{};     ///< What was left out or decided, one line each.
  std::int64_t left_out = 0;            ///< Number of files that were left out besides the unreadable ones.
  std::vector<Origin> origins{};        ///< [N], or empty where no folder is named for a split.
  std::optional<LabelRule> rule{};      ///< Where this source tells another one than its kind's.
  std::string sha256{};                 ///< Of the pictures that were read.
};

/// One row of the table of sources. `prepare` has the function that reads it.
struct Source {
  std::string_view name;                  ///< Of `--format` and of a prepared file's metadata.
  std::string_view plural;                ///< In messages.
  LabelRule labels;                       ///< Meaning of its labels, unless the user gives another.
  bool states_labels;                     ///< Whether the format fixes that meaning; else it is assumed.
  bool (*sniff)(std::string_view bytes);  ///< Recognizes a file's first bytes; nullptr: it is a folder.
};

/// @returns the table: pickle, mat, arff, folder.
std::span<const Source> sources();
/// @returns the row of that name; nullptr if there is none.
const Source* find_source(std::string_view name);

/// Detects the source by the first bytes of a file, never by its name: byte 0x80 and a protocol of 2 to 5 is
/// `pickle`; "MATLAB 5.0 MAT-file" is `mat`; "@relation" in any case after blanks and % comments is `arff`; a
/// folder is `folder`.
/// @throws core::Error(data) for a missing or empty path and for other content, with a hint for a prepared
/// file, a compressed file, a MATLAB 7.3 file, a single picture and a text pickle.
const Source& detect_source(const std::filesystem::path& path);

/// @returns "index", "digit" or "svhn".
std::string label_rule_name(LabelRule rule);
/// @returns the rule of that name, if there is one.
std::optional<LabelRule> find_label_rule(std::string_view name);

/// @returns "index" or "digit" when the labels, 0 to 9 and read by the other of the two, are far likelier
/// with the frequencies of SVHN's digits: 1 is the most frequent and 0 one of the rarest. nullopt when they
/// are not.
std::optional<LabelRule> likelier_rule(std::span<const std::int64_t> labels, LabelRule rule);

/// Converts source labels to class indices (index i is digit (i + 1) % 10).
/// @param source name of the source in messages.
/// @throws core::Error(data) for a label outside the rule's range; the hint names the rules that
/// fit all labels.
std::vector<std::uint8_t> class_indices(std::span<const std::int64_t> labels, LabelRule rule,
                                        const std::string& source);

}  // namespace svhn::data
