#pragma once
/// Pretrained networks side by side as feature extractors: filled by `transfer`, printed by `cli`, drawn by
/// `report`.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace svhn::metric {

/// A head trained on a backbone.
struct BackboneScore {
  double val_accuracy = 0.0;  ///< The best epoch's, 0..1.
  double seconds = 0.0;       ///< Wall time of everything that led there, cached features included.
  bool operator==(const BackboneScore&) const = default;
};

struct BackboneResult {
  std::string name;                         ///< As configs write it: "vgg16".
  std::string weights;                      ///< A file's name, or "random".
  std::int64_t parameters = 0;              ///< Of the backbone alone.
  std::vector<std::int64_t> feature_shape;  ///< [C,H,W] of what it hands on; empty when it could not run.
  std::optional<BackboneScore> frozen;
  std::optional<BackboneScore> unfrozen;         ///< With its last layers trained too.
  std::optional<double> milliseconds_per_image;  ///< Of one pass forward.
  std::optional<std::string> error;              ///< Why there is no score; one line.
  bool operator==(const BackboneResult&) const = default;
};

struct ComparisonResult {
  std::string name;                       ///< Of the comparison.
  bool synthetic = false;                 ///< Made on synthetic digits.
  std::vector<BackboneResult> backbones;  ///< In the order asked for; at most 200.
  bool operator==(const ComparisonResult&) const = default;
};

/// @returns the better of the two scores; nothing where there is none.
std::optional<double> best_score(const BackboneResult& backbone);

/// @returns the backbones, best score first, those without a score last, equals in their order.
std::vector<const BackboneResult*> ranked_backbones(const ComparisonResult& result);

/// @returns a table for a terminal in that order: name, weights, parameters, feature shape, both accuracies
/// and times, milliseconds an image.
std::string format_comparison(const ComparisonResult& result);

/// @returns the same as CSV, a line for each backbone in the order asked for: name, weights, parameters,
/// feature_shape, frozen_val_accuracy, frozen_seconds, unfrozen_val_accuracy, unfrozen_seconds,
/// milliseconds_per_image, error.
std::string comparison_csv(const ComparisonResult& result);

/// @returns {"name","synthetic","backbones":[{"name","weights","parameters","feature_shape",
/// "frozen":{"val_accuracy","seconds"},"unfrozen","milliseconds_per_image","error"}…]}, which both
/// comparison.json and `svhn transfer --compare --json` are; what there is none of is null.
nlohmann::ordered_json comparison_json(const ComparisonResult& result);

/// Reads a comparison.json. @throws core::Error(data) naming file and place when it is missing, damaged or
/// something else.
ComparisonResult read_comparison(const std::filesystem::path& path);

}  // namespace svhn::metric
