#pragma once
/// `--reject P`: answers of a smaller probability are not given.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "metric/coverage.h"

namespace svhn::cli {

/// @throws core::Error(config) with the range, where P is no probability.
void check_rejection(const std::optional<double>& threshold);

/// @returns a line for the terminal.
std::string rejection_text(const metric::Rejection& rejection);
/// @returns {"threshold", "answered", "coverage", "accuracy"}; the last is null without answers.
nlohmann::ordered_json rejection_json(const metric::Rejection& rejection);

}  // namespace svhn::cli
