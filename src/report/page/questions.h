#pragma once
/// The assignment's questions, answered from what was measured: its figures beside ours and a short finding.
/// The numbers of the assignment are facts stated in page_questions.cpp; ours come from the runs alone.

#include <span>
#include <string>
#include <vector>

#include "metric/comparison.h"
#include "metric/tuning.h"
#include "report/page/runs.h"

namespace svhn::report {

struct Figure {
  std::string name;
  std::string theirs;  ///< "-" where the assignment has none.
  std::string ours;    ///< "-" where nothing was measured.
};

struct Question {
  std::string id;     ///< "1.1", "3"
  std::string title;  ///< "1.1 Dense network on colour images"
  std::vector<Figure> figures;
  std::string finding;  ///< ASCII, shorter than `limit`.
  std::size_t limit = 500;
};

/// What the answers are made from.
struct Measured {
  std::span<const RunRecord> runs;  ///< Those named model_1_1 … model_4_2 matter.
  std::span<const metric::TuningResult> searches;
  std::span<const metric::ComparisonResult> comparisons;
};

/// @returns the questions for which there is a run with at least one epoch, in order.
std::vector<Question> answer_questions(const Measured& measured);

}  // namespace svhn::report
