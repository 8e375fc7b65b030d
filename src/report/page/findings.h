#pragma once
/// The findings of the assignment's questions: sentences about measured numbers. A sentence is empty where
/// its numbers are missing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metric/comparison.h"
#include "metric/tuning.h"
#include "report/page/runs.h"

namespace svhn::report {

/// @returns a share with four decimals.
std::string share_text(double share);
/// @returns "trained on 5,120 images (the assignment: 63,544)".
std::string size_text(const RunRecord& run);
/// @returns "best model, test split, 19,858 images".
std::string result_text(const ResultRecord& result);

/// @returns the result that stands for a run: of the test split, if there is one; nullptr: none.
const ResultRecord* result_of(const RunRecord& run);
/// @returns whether a run has the assignment's data: real, with as many images in each split.
bool is_comparable(const RunRecord& run);

/// @returns e.g. ", 0.0150 below the assignment's 0.9541"; without the assignment's data there is no
/// comparison.
std::string against_assignment(double ours, double theirs, const RunRecord& run);
/// The best validation accuracy and the assignment's.
std::string reached_sentence(const RunRecord& run, double theirs);
/// The best validation accuracies of two runs on the same data.
/// @param change the difference of `run` from `before`, e.g. "greyscale images". @param question the question
/// of `before`.
std::string change_sentence(const RunRecord& run, const RunRecord* before, const std::string& change,
                            const std::string& question);
/// Training and validation accuracy in the last epoch.
std::string gap_sentence(const RunRecord& run);
/// The epoch of the lowest validation loss.
std::string course_sentence(const RunRecord& run);
/// The accuracy of a model of the run on a split.
std::string split_sentence(const RunRecord& run);
/// The most frequent confusion and the digit of the lowest recall.
std::string mistakes_sentence(const RunRecord& run);
/// The calibration error.
std::string confidence_sentence(const RunRecord& run);
/// The best trial of a search. @param theirs the assignment's best score, if it has one.
std::string search_sentence(const metric::TuningResult& search, std::optional<double> theirs);
/// The best backbone, frozen and unfrozen.
std::string comparison_sentence(const metric::ComparisonResult& comparison);

/// @returns the sentences, joined, as long as the text stays below `limit` bytes; a sentence that does not
/// fit is left out.
std::string join_sentences(const std::vector<std::string>& sentences, std::size_t limit);

}  // namespace svhn::report
