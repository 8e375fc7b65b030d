#pragma once
/// `svhn predict --jsonl`: answers as JSON lines, as they come.

#include "cli/commands/predict.h"
#include "cli/engine/predict_answers.h"

namespace svhn::cli {

/// Answers the files of the command line in their order, and, where the standard input is one of them, each
/// line of it: the name of a file, or {"file": name, "id": any}. Lines that are there are answered together,
/// at once.
/// @returns the number of files and lines without an answer.
/// @throws core::Interrupted when a signal asks the process to stop.
std::size_t stream_answers(const PredictCommandOptions& options, Answerer& answerer);

}  // namespace svhn::cli
