#pragma once
/// The same head on one backbone after the other.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "metric/comparison.h"
#include "train/session.h"
#include "transfer/features.h"
#include "transfer/options/compare_options.h"

namespace svhn::transfer {

struct CompareRequest {
  /// Every run's; its model holds one backbone, which the others take the place of. The comparison is called
  /// `run.name`, and its runs lie in `run.output / run.name`.
  train::SessionRequest run;
  CompareOptions compare;
  /// The resolved config of a run, JSON. @param name the run's. @param model its layers.
  std::function<std::string(const std::string& name, const model::ModelSpec& model)> config;
};

/// What a user wants to know on the way. All may be empty.
struct CompareEvents {
  std::function<void(const std::string& run, const train::Session& session)> started{};
  std::function<void(const metric::BackboneResult& result)> finished{};
  std::vector<train::TrainObserver*> observers{};
  FeatureEvents features{};
};

/// Where a comparison lies.
struct CompareFiles {
  CompareFiles(const std::filesystem::path& output, const std::string& name);
  std::filesystem::path folder;   ///< OUTPUT/NAME, with a folder for each run.
  std::filesystem::path results;  ///< comparison.json
  std::filesystem::path table;    ///< comparison.csv
};

/// Trains each backbone's head with the backbone frozen, and once more with its `trainable` layers; writes
/// the results after each backbone. What fails by a backbone's own fault (weights that are missing, too small
/// an input, memory, divergence) is noted in the result, and the others go on. With `run.existing` resume,
/// finished backbones are not run again.
/// @throws core::Error(config): the model has no backbone, or several; core::Error(usage): there is a
/// comparison already; core::Error(data): results cannot be written; core::Interrupted.
metric::ComparisonResult compare(const CompareRequest& request, const CompareEvents& events);

}  // namespace svhn::transfer
