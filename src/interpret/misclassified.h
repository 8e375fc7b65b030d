#pragma once
/// Misclassified images, and images whose label may be wrong.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metric/evaluation.h"

namespace svhn::interpret {

/// One image of a split with its label and the model's prediction.
struct PredictedImage {
  std::int64_t row = 0;    ///< In the data file.
  std::int64_t index = 0;  ///< Within the split.
  int true_class = 0;      ///< The label, 0..9.
  metric::Prediction prediction;
  [[nodiscard]] bool wrong() const { return prediction.predicted != true_class; }
};

/// Indices into a list of `PredictedImage`.
using ImageIndices = std::vector<std::size_t>;

/// @returns the first `limit` misclassified images of one true class, in split order.
ImageIndices first_misclassified(std::span<const PredictedImage> images, int true_class, std::size_t limit);

/// @returns the `limit` misclassified images of the largest loss, the largest first; equal ones in split
/// order.
ImageIndices worst_misclassified(std::span<const PredictedImage> images, std::size_t limit);

/// Suspected label errors.
struct LabelErrors {
  std::array<double, metric::kClasses> thresholds{};  ///< One for each class; 0 for a class without images.
  ImageIndices indices;                               ///< By rising probability of the label.
  std::vector<int> suggested;  ///< The class that the model predicts confidently; one for each of `indices`.
};

/// The method of `suspected_label_errors` in one line, for users.
inline constexpr const char* kLabelErrorMethod =
    "confident learning: off the diagonal of the confident joint, least self-confidence first (Northcutt, "
    "Jiang and Chuang 2021)";

/// Finds images for which the model confidently predicts another class than their label. The threshold of a
/// class is the mean of its predicted probability over the images with that label. An image is counted for
/// the most probable class among those that reach their threshold, and is a suspected error when that class
/// is not its label. Use it on images that the model was not trained on (validation, test).
/// @see Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70,
/// 2021, section 3.1 (confident joint) and 3.2 (method 2, C_confusion)
LabelErrors suspected_label_errors(std::span<const PredictedImage> images);

}  // namespace svhn::interpret
