#pragma once
/// What `svhn interpret` and `svhn evaluate` left of a model, as the page shows it. Rows are those of the
/// prepared data file; classes are class indices 0..9, digits are digits.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "metric/evaluation.h"

namespace svhn::report {

inline constexpr std::size_t kMostPredictions = 1'000'000;
inline constexpr std::size_t kMostMapPoints = 10'000;  ///< More are thinned out evenly.
inline constexpr std::int64_t kMostFilters = 256;      ///< Of a layer.
inline constexpr std::int64_t kMostMapSide = 64;       ///< Pixels of a filter's map.

/// One line of predictions.csv.
struct PredictedRow {
  std::int64_t row = 0;
  std::uint8_t true_class = 0;
  std::uint8_t predicted = 0;
  float probability = 0.0F;  ///< Of the predicted class.
};

struct Mistake {
  std::int64_t row = 0;
  int true_digit = 0;
  int predicted_digit = 0;
  double probability = 0.0;
  double loss = 0.0;
};

struct Mistakes {
  int digit = 0;  ///< The true digit of `first`.
  std::vector<Mistake> first;
  std::vector<Mistake> worst;
  std::vector<Mistake> suspected;  ///< Label errors.
};

/// The filters of one layer; each is spread over 0..255 by its own range.
struct LayerMaps {
  std::string name;
  std::int64_t channels = 0;            ///< In the file; at most kMostFilters are kept.
  std::array<std::int64_t, 3> shape{};  ///< Of `values`: filters, rows, columns.
  std::vector<std::uint8_t> values;
  float min = 0.0F;  ///< Over all filters kept.
  float max = 0.0F;
};

struct Activations {
  std::int64_t row = -1;  ///< -1 where the file does not say.
  std::optional<int> true_digit;
  std::optional<int> predicted_digit;
  std::vector<LayerMaps> layers;  ///< In the order of the file.
};

/// A t-SNE map; M points are kept of `points`.
struct ImageMap {
  std::size_t points = 0;
  std::vector<std::uint16_t> x, y;    ///< [M], spread over 0..65535 with the map's proportions.
  std::vector<std::uint8_t> classes;  ///< [M]
  std::vector<std::int64_t> rows;     ///< [M], empty where the file does not say.
  std::string split, layer;
  std::optional<double> perplexity, kl_divergence;
};

struct Interpretation {
  std::string data;  ///< The prepared file that the rows are of; empty where it is not known.
  std::optional<metric::EvaluationResult> evaluation;
  std::vector<PredictedRow> predictions;
  metric::ReliabilityBins reliability{};  ///< Of the predictions.
  std::optional<Mistakes> mistakes;
  std::optional<Activations> activations;
  std::optional<ImageMap> map;
};

/// Reads what there is. @param problems gets a line for each file that is there and cannot be used.
Interpretation read_interpretation(const std::filesystem::path& folder, std::vector<std::string>& problems);

/// The parts. @throws core::Error(data) naming file and place.
metric::EvaluationResult read_evaluation(const std::filesystem::path& path);
/// @param bins gets the reliability of the predictions.
std::vector<PredictedRow> read_predictions(const std::filesystem::path& path, metric::ReliabilityBins& bins);
Mistakes read_mistakes(const std::filesystem::path& path);
Activations read_activations(const std::filesystem::path& path);
/// @param facts the document beside the map (tsne.json); need not exist.
ImageMap read_map(const std::filesystem::path& path, const std::filesystem::path& facts);

}  // namespace svhn::report
