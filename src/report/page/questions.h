#pragma once
/// Answers to the assignment's questions: the assignment's figures beside ours and a short finding. The
/// assignment's numbers are those of assignment/assignment.h; ours are read from the runs.

#include <map>
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
  std::string of;      ///< Of what ours is: "best model, test split, 19,858 images".
};

struct Question {
  std::string id;       ///< "1.1", "3"
  std::string title;    ///< "1.1 Dense network on colour images"
  std::string run;      ///< Slug of the run that answers it; empty: none does.
  std::string result;   ///< Slug of the run's result from which figures are; empty: none.
  std::string command;  ///< Makes what is missing; empty: nothing is.
  std::vector<Figure> figures;
  std::string finding;  ///< ASCII, shorter than `limit`.
  bool comparable =
      false;  ///< Whether the run has the assignment's data: real, with as many images in each split.
  std::string
      circumstances;  ///< "trained on 5,120 images (the assignment: 63,544), no augmentation, 2026-11-30"
  std::map<std::string, std::string> pictures{};  ///< Of question 3: parts, and the results that have them.
  std::size_t limit = 500;
};

/// The results from which the questions are answered.
struct Measured {
  std::span<const RunRecord> runs;  ///< Only those named model_1_1 … model_4_2 are used.
  std::span<const metric::TuningResult> searches;
  std::span<const metric::ComparisonResult> comparisons;
};

/// @returns all questions, in the order of the assignment. A run answers one if it has its name and at least
/// one epoch; of several, one with the assignment's data goes first, then one with results of the test split.
std::vector<Question> answer_questions(const Measured& measured);

}  // namespace svhn::report
