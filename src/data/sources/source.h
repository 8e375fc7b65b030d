#pragma once
/// The common result of all readers of digits, the rules for their labels, and the detection of their format.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace svhn::data {

/// Meaning of a label. index: 0 is '1' … 9 is '0'; digit: 0 is '0'; svhn: 10 is '0', 1 is '1'.
enum class LabelRule { index, digit, svhn };
enum class SourceFormat { pickle, mat, arff, folder };

/// Digits read from one or more files; N images.
struct RawDigits {
  std::vector<std::uint8_t> images;     ///< [N,32,32,3] height, width, RGB.
  std::vector<std::int64_t> labels;     ///< [N], as stored in the source.
  std::vector<std::string> unreadable;  ///< Skipped files with the reason (image folders only).
};

/// @returns "index", "digit" or "svhn".
std::string label_rule_name(LabelRule rule);
/// @returns pickle, arff -> index; mat -> svhn; folder -> digit.
LabelRule default_label_rule(SourceFormat format);

/// Converts source labels to class indices (index i is digit (i + 1) % 10).
/// @param source name of the source in messages.
/// @throws core::Error(data) for a label outside the rule's range; the hint names the rules that
/// fit all labels.
std::vector<std::uint8_t> class_indices(std::span<const std::int64_t> labels, LabelRule rule,
                                        const std::string& source);

/// @returns "pickle", "mat", "arff" or "folder".
std::string_view source_format_name(SourceFormat format);

/// Detects the format by the first bytes of a file, never by its name: byte 0x80 and a protocol of 2 to 5 is
/// `pickle`; "MATLAB 5.0 MAT-file" is `mat`; "@relation" in any case after blanks and % comments is `arff`; a
/// folder is `folder`.
/// @throws core::Error(data) for a missing or empty path and for other content, with a hint for a prepared
/// file, a compressed file, a MATLAB 7.3 file, a single picture and a text pickle.
SourceFormat detect_format(const std::filesystem::path& path);

}  // namespace svhn::data
