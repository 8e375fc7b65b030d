#pragma once
/// What the names of folders say about the pictures in them.

#include <optional>
#include <string_view>

#include "data/source.h"

namespace svhn::data {

/// Reads the digit of a folder's name: a number (5, 05), an English word (five) or both (5_five), alone or
/// with words such as digit and class (digit_5, Digit-5, class5). Case does not matter; blanks and _ - .
/// separate.
/// @returns 0 to 10 (Stanford's labels have 10 for the digit 0); nullopt for all other names.
std::optional<int> digit_of_folder(std::string_view name);

/// @returns the split that a folder is named for: train or training, extra, val, valid or validation, test or
/// testing, in any case.
std::optional<Origin> origin_of_folder(std::string_view name);

}  // namespace svhn::data
