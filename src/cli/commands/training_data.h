#pragma once
/// What is known of the pictures that a model was trained on.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/model_history.h"
#include "model/model_file.h"

namespace svhn::cli {

inline constexpr const char* kSvhnPage = "http://ufldl.stanford.edu/housenumbers/";

/// The pictures of the training, as far as the run's summary.json tells.
struct TrainingData {
  std::string file, fingerprint, split_fingerprint;
  std::int64_t images = 0;
  std::string source{};  ///< From an evaluation on the same data; else empty.
};

/// @param evaluations of the model. @returns nothing where there is no summary, or one of another network.
std::optional<TrainingData> training_data_of(const model::ModelFile& model,
                                             const std::vector<Evaluation>& evaluations);

/// @returns whether source files are named as those in which SVHN is published.
bool is_svhn(std::string text);
bool trained_on_svhn(const model::ModelFile& model, const std::optional<TrainingData>& training);

/// @returns one or two sentences about the licence of the pictures.
std::string licence_note(const model::ModelFile& model, const std::optional<TrainingData>& training);

}  // namespace svhn::cli
