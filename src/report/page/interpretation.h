#pragma once
/// The results of `svhn interpret` and `svhn evaluate` for a model. Rows are rows of the prepared data file;
/// classes are class indices 0..9.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "metric/evaluation.h"
#include "metric/robustness.h"
#include "results/about.h"

namespace svhn::report {

inline constexpr std::size_t kMostPredictions = 1'000'000;
inline constexpr std::size_t kMostMapPoints = 10'000;  ///< Larger maps are sampled.
inline constexpr std::int64_t kMostFilters = 256;      ///< For each layer.
inline constexpr std::int64_t kMostMapSide = 64;       ///< Pixels of a filter's feature map.
inline constexpr std::int64_t kMostHeatSide = 256;     ///< Pixels of a saliency map.

/// One line of predictions.csv.
struct PredictedRow {
  std::int64_t row = 0;
  std::uint8_t true_class = 0;
  std::uint8_t predicted = 0;
  float probability = 0.0F;  ///< Probability of the predicted class.
};

/// A misclassified image.
struct Mistake {
  std::int64_t row = 0;
  int true_digit = 0;
  int predicted_digit = 0;
  double probability = 0.0;
  double loss = 0.0;
};

/// The model and the split that a file names; empty where it does not.
struct Origin {
  std::string model, split;
};

/// The lists of misclassified.json.
struct Mistakes {
  Origin origin;
  int digit = 0;  ///< The true digit of `first`.
  std::vector<Mistake> first;
  std::vector<Mistake> worst;
  std::vector<Mistake> suspected;  ///< Suspected label errors.
};

/// The feature maps of one layer; each is scaled to 0..255 by its own `inner_range`.
struct LayerMaps {
  std::string name;
  std::int64_t channels = 0;            ///< In the file; at most kMostFilters are kept.
  std::array<std::int64_t, 3> shape{};  ///< Shape of `values`: filters, rows, columns.
  std::vector<std::uint8_t> values;
  float min = 0.0F;  ///< Over all filters that are kept.
  float max = 0.0F;
};

/// The image that a file of tensors is about.
struct ExplainedImage {
  Origin origin;
  std::int64_t row = -1;  ///< -1 where the file does not contain it.
  std::optional<int> true_digit;
  std::optional<int> predicted_digit;
};

struct Activations : ExplainedImage {
  std::vector<LayerMaps> layers;  ///< In the order of the file.
};

/// A saliency map of one class, scaled to 0..255 from `min` to `max`.
struct HeatMap {
  std::string name;  ///< "Grad-CAM"
  std::array<std::int64_t, 2> shape{};
  float min = 0.0F;
  float max = 0.0F;
  bool is_signed = false;  ///< Then `min` is -`max`.
  std::vector<std::uint8_t> values;
};

/// What speaks for one digit.
struct ClassHeat {
  int digit = 0;
  std::optional<double> probability;
  std::vector<HeatMap> maps;
};

struct Saliency : ExplainedImage {
  std::vector<ClassHeat> classes;  ///< The predicted digit first.
};

/// A t-SNE map with M of its `points` points.
struct ImageMap {
  std::size_t points = 0;
  std::vector<std::uint16_t> x, y;    ///< [M], scaled to 0..65535 with the map's aspect ratio.
  std::vector<std::uint8_t> classes;  ///< [M]
  std::vector<std::int64_t> rows;     ///< [M], empty where the file does not contain them.
  Origin origin;
  std::string layer;
  std::string onto;  ///< The split of the map on which the points were placed; empty: none.
  std::optional<double> perplexity, kl_divergence;
};

/// robustness.json.
struct CorruptedResult {
  Origin origin;
  metric::Robustness errors;
};

struct Interpretation {
  std::optional<metric::EvaluationResult> evaluation;
  std::optional<CorruptedResult> robustness;
  std::vector<PredictedRow> predictions;
  metric::ReliabilityBins reliability{};  ///< Of the predictions.
  std::optional<Mistakes> mistakes;
  std::optional<Activations> activations;
  std::optional<Saliency> saliency;
  std::optional<ImageMap> map;
};

/// Reads the files of a folder that its about.json lists. A file that names another model or split, or has
/// another number of images, is left out.
/// @param problems gets a line for each file that cannot be used.
Interpretation read_interpretation(const std::filesystem::path& folder, const results::About& about,
                                   std::vector<std::string>& problems);

/// The readers of the files. @throws core::Error(data) with the file and the position in it
metric::EvaluationResult read_evaluation(const std::filesystem::path& path);
CorruptedResult read_robustness(const std::filesystem::path& path);
/// @param bins gets the reliability bins of the predictions.
std::vector<PredictedRow> read_predictions(const std::filesystem::path& path, metric::ReliabilityBins& bins);
Mistakes read_mistakes(const std::filesystem::path& path);
Activations read_activations(const std::filesystem::path& path);
Saliency read_saliency(const std::filesystem::path& path);
/// @param facts the JSON file of the map (tsne.json); may be missing.
ImageMap read_map(const std::filesystem::path& path, const std::filesystem::path& facts);

}  // namespace svhn::report
