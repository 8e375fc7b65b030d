#pragma once
/// What tells one prepared file, and one split of it, from another, whatever their paths.

#include <string>
#include <string_view>

#include "data/prepared.h"

namespace svhn::data {

/// @returns a decimal fingerprint of the data's origin (with checksums), labels, splits and groups; the path
/// does not matter.
std::string data_fingerprint(const PreparedData& data);

/// @param preprocessing of the model, see `preprocessing_to_json`.
/// @returns 16 hexadecimal digits of the split's rows, their labels and their preprocessing.
std::string split_fingerprint(const PreparedData& data, Split split, std::string_view preprocessing);

}  // namespace svhn::data
