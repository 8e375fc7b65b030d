#pragma once
/// Trains the same head on several backbones and compares them.

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

/// A comparison to run.
struct CompareRequest {
  /// The request of every run; its model holds one backbone, which is replaced by each of the others. The
  /// comparison is named `run.name`, and its runs are in `run.output / run.name`.
  train::SessionRequest run;
  CompareOptions compare;
  /// @param name of a run. @param model its layers. @returns the run's resolved config, JSON.
  std::function<std::string(const std::string& name, const model::ModelSpec& model)> config;
};

/// Progress callbacks and observers; each may be empty.
struct CompareEvents {
  std::function<void(const std::string& run, const train::Session& session)> started{};
  std::function<void(const metric::BackboneResult& result)> finished{};
  std::vector<train::TrainObserver*> observers{};
  FeatureEvents features{};
  /// The folder's file system has no locks, which would keep other processes out.
  std::function<void(const std::filesystem::path& folder)> unlocked{};
};

/// The files of a comparison.
struct CompareFiles {
  CompareFiles(const std::filesystem::path& output, const std::string& name);
  std::filesystem::path folder;   ///< OUTPUT/NAME, with a folder for each run.
  std::filesystem::path results;  ///< comparison.json
  std::filesystem::path table;    ///< comparison.csv
};

/// Trains the head on each backbone with the backbone frozen, and again with its `trainable` layers if any;
/// writes the results after each backbone. An error specific to a backbone (missing weights, too small an
/// input, out of memory, divergence) is recorded in its result, and the comparison continues. With
/// `run.existing` resume, finished backbones are not run again.
/// @returns the results of all backbones.
/// @throws core::Error(config): the model has no backbone, or several; core::Error(usage): the comparison
/// exists already or is in use by another process; core::Error(data): results cannot be written;
/// core::Interrupted.
metric::ComparisonResult compare(const CompareRequest& request, const CompareEvents& events);

}  // namespace svhn::transfer
