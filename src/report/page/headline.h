#pragma once
/// What a page says of itself in its metadata, and the run on which it opens.

#include <string>
#include <vector>

#include "report/page/runs.h"

namespace svhn::report {

struct Headline {
  const RunRecord* run = nullptr;  ///< The run to open on; nullptr without runs.
  std::string title;               ///< "svhn report: model_2_1, test accuracy 0.9434"
  std::string description;         ///< One sentence.
};

/// Chooses the run of the best test accuracy on real data, else the one with most to show, else the first.
Headline headline_of(const std::vector<RunRecord>& runs);

}  // namespace svhn::report
