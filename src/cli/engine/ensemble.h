#pragma once
/// The models that a command is given, as one.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/commands/ensemble.h"
#include "cli/engine/setup.h"
#include "data/prepared.h"
#include "inference/ensemble.h"
#include "model/model_file.h"
#include "results/about.h"

namespace svhn::cli {

/// The files of some models.
class ModelFiles {
 public:
  /// @throws core::Error(usage) when two are the same model, (model) when one is damaged.
  explicit ModelFiles(const ModelChoice& choice);

  [[nodiscard]] const model::ModelFile& first() const { return files_.front(); }
  /// @returns the model's name, or "ensemble of 3 models".
  [[nodiscard]] std::string name() const;
  /// Checks that the models have learnt from the same split of the same data, as far as their runs tell.
  /// @throws core::Error(data)
  void check_same_data() const;
  /// @returns what results of these models together are of.
  [[nodiscard]] results::About describe(const data::PreparedData& data, data::Split split,
                                        const std::string& precision) const;
  /// @returns for DistributedContext::check_agreement: a hash of all models and of how they are averaged.
  [[nodiscard]] std::string digest() const;
  /// @returns [{"model", "file"}…], for the document of several models.
  [[nodiscard]] nlohmann::ordered_json json() const;
  /// @returns what each model sees of a split, see data::split_fingerprint.
  [[nodiscard]] std::vector<std::string> fingerprints(const data::PreparedData& data,
                                                      data::Split split) const;
  /// Loads the networks.
  [[nodiscard]] inference::Ensemble load(const ViewChoice& views, const GlobalOptions& global,
                                         const Hardware& hardware) const;
  /// @returns the sides of the networks' inputs, if they are the same.
  [[nodiscard]] data::ImageSides sides() const;

 private:
  ModelChoice choice_;
  std::vector<model::ModelFile> files_;
  std::vector<std::string> digests_;  ///< Of several.
};

/// @returns "  models     probabilities averaged of" and a line for each model; "" for one.
std::string models_text(const ModelChoice& choice);

}  // namespace svhn::cli
