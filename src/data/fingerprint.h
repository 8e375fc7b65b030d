#pragma once
/// What tells one prepared file, and one split of it, from another, whatever their paths. A fingerprint is 16
/// hexadecimal digits.

#include <string>
#include <string_view>

#include "data/preprocess.h"

namespace svhn::data {

/// @returns a fingerprint of the data's origin (with checksums), labels, splits and groups.
std::string data_fingerprint(const PreparedData& data);

/// @returns the same number in decimal: what checkpoints, searches and kept features hold.
std::string data_identity(const PreparedData& data);
/// @returns the fingerprint for a text that a file holds: a decimal number, as former versions wrote, becomes
/// hexadecimal; any other text stays.
std::string fingerprint_of(std::string_view text);
/// @returns the decimal number of a fingerprint; any other text as it is.
std::string identity_of(const std::string& fingerprint);

/// Accuracies are comparable where these are equal: the same pixels get to the network, in any order, with
/// the same labels.
/// @param preprocessing of the model.
/// @returns a fingerprint of the split's images, of their labels, and of what preprocessing does with them.
std::string split_fingerprint(const PreparedData& data, Split split, const Preprocessing& preprocessing);

}  // namespace svhn::data
