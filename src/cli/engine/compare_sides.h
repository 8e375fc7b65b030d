#pragma once
/// `svhn compare --against`: two sets of models, each the same training with several seeds.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/commands/compare.h"

namespace svhn::cli {

/// The models of one side in the order of the seeds, and their accuracies.
struct Side {
  std::vector<std::string> files;
  std::vector<double> accuracies;
};

/// @throws core::Error(usage) for too few models, and for sides that do not make pairs.
void check_sides(const CompareOptions& options);

/// @returns {"sides": [{"models", "accuracy": {"mean", "deviation"}}, …], "difference": {"mean",
/// "interval_95", "p_value", "pairs"}}.
nlohmann::ordered_json sides_json(const Side& a, const Side& b);
std::string sides_text(const Side& a, const Side& b);

}  // namespace svhn::cli
