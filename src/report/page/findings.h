#pragma once
/// Sentences about measured numbers. Each is chosen by the numbers that it tells; "" where they are missing.

#include <cstdint>
#include <string>
#include <vector>

#include "report/page/questions.h"

namespace svhn::report {

/// @returns "0.9541"
std::string share_text(double share);
/// @returns "404,010". @param count from 0.
std::string grouped_text(std::int64_t count);
/// @returns "0.0150 below", "0.0150 above" or "equal to", at four decimals.
std::string difference_text(double ours, double theirs);

/// @returns ", 0.0150 below the assignment's 0.9541"; on synthetic digits nothing is compared.
std::string against_assignment(double ours, double theirs, bool synthetic);

/// The best validation accuracy against the assignment's.
std::string reached_sentence(const RunRecord& run, double theirs);
/// The best validation accuracies of two runs against each other.
/// @param change what was done to get from `before` to `run`: "greyscale images". @param question of
/// `before`.
std::string change_sentence(const RunRecord& run, const RunRecord* before, const std::string& change,
                            const std::string& question);
/// Training against validation accuracy in the last epoch.
std::string gap_sentence(const RunRecord& run);
/// Where the validation loss was lowest.
std::string course_sentence(const RunRecord& run);
/// What the interpreted weights do on their split.
std::string split_sentence(const RunRecord& run);
/// The commonest mistake and the hardest digit.
std::string mistakes_sentence(const RunRecord& run);
/// Calibration.
std::string confidence_sentence(const RunRecord& run);
/// The best trial of a search. @param theirs the assignment's best score; below 0: none.
std::string search_sentence(const metric::TuningResult& search, double theirs);
/// The best backbone, frozen and unfrozen.
std::string comparison_sentence(const metric::ComparisonResult& comparison);

/// @returns as many sentences from the first on as stay below `limit` bytes together; a sentence that does
/// not fit is left out whole.
std::string join_sentences(const std::vector<std::string>& sentences, std::size_t limit);

}  // namespace svhn::report
