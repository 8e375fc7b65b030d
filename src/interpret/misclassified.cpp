#include "interpret/misclassified.h"

#include <algorithm>

namespace svhn::interpret {
namespace {

using metric::class_slot;
using metric::kClasses;

double self_confidence(const PredictedImage& image) {
  return image.prediction.probabilities[class_slot(image.true_class)];
}

std::array<double, kClasses> mean_self_confidence(std::span<const PredictedImage> images) {
  std::array<metric::MeanMeter, kClasses> meters{};
  for (const PredictedImage& image : images) meters[class_slot(image.true_class)].add(self_confidence(image));
  std::array<double, kClasses> means{};
  std::ranges::transform(meters, means.begin(), [](const metric::MeanMeter& meter) { return meter.value(); });
  return means;
}

/// @returns the most probable class that reaches its threshold, or -1.
int confident_class(const metric::Probabilities& probabilities,
                    const std::array<double, kClasses>& thresholds) {
  int best = -1;
  for (int i = 0; i < kClasses; ++i) {
    const auto slot = class_slot(i);
    if (thresholds[slot] <= 0.0 || probabilities[slot] < thresholds[slot]) continue;
    if (best < 0 || probabilities[slot] > probabilities[class_slot(best)]) best = i;
  }
  return best;
}

}  // namespace

ImageIndices first_misclassified(std::span<const PredictedImage> images, int true_class, std::size_t limit) {
  ImageIndices indices;
  for (std::size_t i = 0; i < images.size() && indices.size() < limit; ++i) {
    if (images[i].true_class == true_class && images[i].wrong()) indices.push_back(i);
  }
  return indices;
}

ImageIndices worst_misclassified(std::span<const PredictedImage> images, std::size_t limit) {
  ImageIndices indices;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images[i].wrong()) indices.push_back(i);
  }
  const auto loss = [&](std::size_t index) { return images[index].prediction.loss; };
  std::ranges::stable_sort(indices, std::ranges::greater{}, loss);
  indices.resize(std::min(indices.size(), limit));
  return indices;
}

LabelErrors suspected_label_errors(std::span<const PredictedImage> images) {
  LabelErrors result;
  result.thresholds = mean_self_confidence(images);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const int held = confident_class(images[i].prediction.probabilities, result.thresholds);
    if (held >= 0 && held != images[i].true_class) result.indices.push_back(i);
  }
  std::ranges::stable_sort(result.indices, {},
                           [&](std::size_t index) { return self_confidence(images[index]); });
  for (const std::size_t index : result.indices) {
    result.suggested.push_back(confident_class(images[index].prediction.probabilities, result.thresholds));
  }
  return result;
}

}  // namespace svhn::interpret
