#pragma once
/// The result of comparing pretrained networks as feature extractors: filled by `transfer`, printed by `cli`,
/// drawn by `report`.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace svhn::metric {

/// The result of training a head on a backbone.
struct BackboneScore {
  double val_accuracy = 0.0;  ///< Of the best epoch, 0..1.
  double seconds = 0.0;       ///< Wall time of the training, including the making of cached features.
  bool operator==(const BackboneScore&) const = default;
};

struct BackboneResult {
  std::string name;                              ///< As in configs: "vgg16".
  std::string weights;                           ///< Name of the weights file, or "random".
  std::int64_t parameters = 0;                   ///< Number of parameters of the backbone alone.
  std::vector<std::int64_t> feature_shape;       ///< [C,H,W] of its output; empty when it could not run.
  std::optional<BackboneScore> frozen;           ///< With only the head trained.
  std::optional<BackboneScore> unfrozen;         ///< With its last layers trained as well.
  std::optional<double> milliseconds_per_image;  ///< Of a forward pass.
  std::optional<std::string> error;              ///< Why there is no score; one line.
  bool operator==(const BackboneResult&) const = default;
};

struct ComparisonResult {
  std::string name;                       ///< Name of the comparison.
  bool synthetic = false;                 ///< Whether the data are synthetic digits.
  std::vector<BackboneResult> backbones;  ///< In the order of the config; at most 200.
  bool operator==(const ComparisonResult&) const = default;
};

/// @returns the higher validation accuracy of the two scores; nothing without a score.
std::optional<double> best_score(const BackboneResult& backbone);

/// @returns the backbones by score, best first; those without a score last; equal ones in their order.
std::vector<const BackboneResult*> ranked_backbones(const ComparisonResult& result);

/// @returns a table for a terminal, ranked: name, parameters, feature shape, both accuracies and times,
/// milliseconds per image, weights.
std::string format_comparison(const ComparisonResult& result);

/// @returns the results as CSV, a line for each backbone in the order of the config: name, weights,
/// parameters, feature_shape, frozen_val_accuracy, frozen_seconds, unfrozen_val_accuracy, unfrozen_seconds,
/// milliseconds_per_image, error.
std::string comparison_csv(const ComparisonResult& result);

/// @returns {"name","synthetic","backbones":[{"name","weights","parameters","feature_shape",
/// "frozen":{"val_accuracy","seconds"},"unfrozen","milliseconds_per_image","error"}…]}, with null for what is
/// missing: the document of comparison.json and of `svhn transfer --compare --json`.
nlohmann::ordered_json comparison_json(const ComparisonResult& result);

/// Reads a comparison.json.
/// @throws core::Error(data) naming file and JSON pointer when it is missing, damaged or another document.
ComparisonResult read_comparison(const std::filesystem::path& path);

}  // namespace svhn::metric
