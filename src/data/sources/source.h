#pragma once
/// What every reader of digits delivers: pixels in one layout and labels as their source writes them.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace svhn::data {

/// What a label number means. index: 0 is '1' … 9 is '0'; digit: 0 is '0'; svhn: 10 is '0', 1 is '1'.
enum class LabelRule { index, digit, svhn };
enum class SourceFormat { pickle, mat, arff, folder };

/// Digits as read from one or more files; N images.
struct RawDigits {
  std::vector<std::uint8_t> images;     ///< [N,32,32,3] height, width, RGB.
  std::vector<std::int64_t> labels;     ///< [N], as the source writes them.
  std::vector<std::string> unreadable;  ///< Files that were skipped, with the reason (image folders only).
};

/// @returns "index", "digit" or "svhn".
std::string label_rule_name(LabelRule rule);
/// @returns pickle, arff -> index; mat -> svhn; folder -> digit.
LabelRule default_label_rule(SourceFormat format);

/// Turns source labels into class indices (index i is digit (i + 1) % 10).
/// @throws core::Error(data) for a label that the rule does not know; the hint names the rule that would fit
/// all.
std::vector<std::uint8_t> class_indices(std::span<const std::int64_t> labels, LabelRule rule,
                                        const std::string& source);

}  // namespace svhn::data
