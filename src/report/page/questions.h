#pragma once
/// Answers to the assignment's questions: the assignment's figures beside ours and a short finding. The
/// assignment's numbers are those of assignment/assignment.h; ours are read from the runs.

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

/// The results from which the questions are answered.
struct Measured {
  std::span<const RunRecord> runs;  ///< Only those named model_1_1 … model_4_2 are used.
  std::span<const metric::TuningResult> searches;
  std::span<const metric::ComparisonResult> comparisons;
};

/// @returns the questions for which there is a run with at least one epoch, in the order of the assignment.
std::vector<Question> answer_questions(const Measured& measured);

}  // namespace svhn::report
