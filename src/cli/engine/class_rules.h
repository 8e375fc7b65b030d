#pragma once
/// Finds that a model and its data number the digits differently.

#include <optional>
#include <string>

#include "data/prepared.h"
#include "metric/evaluation.h"
#include "model/model_file.h"

namespace svhn::cli {

/// What a model would reach if its outputs, or the labels of the data, were read by another rule.
struct ClassRuleFinding {
  double accuracy = 0.0;
  std::string advice;  ///< "convert the model again with --classes digit"
};

/// @returns a finding when most mistakes are digits one too high or one too low, so that another rule would
/// be far better: by a fifth of all images at least.
std::optional<ClassRuleFinding> find_class_rule(const metric::EvaluationResult& result,
                                                const model::ModelRecord& record,
                                                const data::PreparedData& data);

/// @returns the finding in one line.
std::string finding_text(const ClassRuleFinding& finding);

}  // namespace svhn::cli
