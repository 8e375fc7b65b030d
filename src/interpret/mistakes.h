#pragma once
/// Which images a model gets wrong, and where the label may be the one that is wrong.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metric/evaluation.h"

namespace svhn::interpret {

/// One image of a split and what the model says of it.
struct JudgedImage {
  std::int64_t row = 0;    ///< In the data file.
  std::int64_t index = 0;  ///< Within the split.
  int true_class = 0;      ///< By its label, 0..9.
  metric::Prediction prediction;
  [[nodiscard]] bool wrong() const { return prediction.predicted != true_class; }
};

/// Places in the list of judged images.
using Places = std::vector<std::size_t>;

/// @returns the first `limit` mistakes among the images of one true class, in split order.
Places first_mistakes(std::span<const JudgedImage> images, int true_class, std::size_t limit);

/// @returns the `limit` mistakes of the largest loss, the largest first; equal ones in split order.
Places worst_mistakes(std::span<const JudgedImage> images, std::size_t limit);

struct LabelSuspicion {
  std::array<double, metric::kClasses> thresholds{};  ///< For each class, see below; 0 without images.
  Places places;                                      ///< The least probable labels first.
  std::vector<int> suggested;  ///< The class that the model holds instead; one a place.
};

/// How `suspected_label_errors` decides, in one line for readers.
inline constexpr const char* kSuspicionMethod =
    "confident learning: off the diagonal of the confident joint, least self-confidence first (Northcutt, "
    "Jiang "
    "and Chuang 2021)";

/// Images that the model confidently holds for another class than their label. The threshold of a class is
/// the mean probability that images labelled so get for it; an image is counted for the most probable class
/// among those that reach their threshold, and is suspected when that is not its label. Trust it where the
/// model has not learnt these labels (validation, test).
/// @see Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70,
/// 2021, section 3.1 (confident joint) and 3.2 (method 2, C_confusion)
LabelSuspicion suspected_label_errors(std::span<const JudgedImage> images);

}  // namespace svhn::interpret
