#pragma once
/// The pictures of `svhn predict`, answered as they come.

#include <cstddef>
#include <functional>
#include <vector>

#include "cli/commands/predict.h"
#include "cli/engine/predict_answers.h"

namespace svhn::cli {

/// Takes the answers of a chunk, in the order of the pictures.
/// @param done, total of the pictures that are known so far, with those of the chunk.
using AnswerSink = std::function<void(std::vector<Answer> answers, std::size_t done, std::size_t total)>;

/// Answers the files of the command line in their order. Where the standard input is one of them: the picture
/// that it holds, or each line of it, the name of a file or {"file": name, "id": any}; lines that are there
/// are answered together, at once.
/// @throws core::Interrupted when a signal asks the process to stop.
void answer_images(const std::vector<InputPath>& images, Answerer& answerer, const AnswerSink& sink);

}  // namespace svhn::cli
