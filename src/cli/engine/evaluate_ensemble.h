#pragma once
/// `svhn evaluate` of several models as one, and with several views of each image.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/commands/evaluate.h"
#include "cli/engine/distributed_context.h"
#include "data/resize.h"
#include "inference/evaluate.h"

namespace svhn::cli {

/// What is told of models and views beside the numbers.
struct Jury {
  std::string text{};             ///< Whole lines.
  nlohmann::ordered_json json{};  ///< "models", "average", "views", "viewed"; null: none.
};

struct EnsembleEvaluation {
  metric::EvaluationResult result;
  inference::PredictionTable table;
  bool synthetic = false;
  data::ImageSides sides{};  ///< Of the networks' inputs, where they are the same.
  std::string fingerprint;   ///< See data::split_fingerprint; where the models differ, that they do.
  Jury jury;
};

/// @returns whether the answers are not simply those of one model.
bool is_joint(const EvaluateCommandOptions& options);

/// Evaluates together with the other processes, if any. Nothing is kept in run folders, which are of one
/// model.
/// @returns the results on rank 0. @throws core::Error
std::optional<EnsembleEvaluation> evaluate_ensemble(const EvaluateCommandOptions& options,
                                                    const GlobalOptions& global,
                                                    DistributedContext& processes);

}  // namespace svhn::cli
