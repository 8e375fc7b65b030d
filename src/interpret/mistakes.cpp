#include "interpret/mistakes.h"

#include <algorithm>

namespace svhn::interpret {
namespace {

using metric::class_slot;
using metric::kClasses;

double self_confidence(const JudgedImage& image) {
  return image.prediction.probabilities[class_slot(image.true_class)];
}

std::array<double, kClasses> mean_self_confidence(std::span<const JudgedImage> images) {
  std::array<metric::MeanMeter, kClasses> meters{};
  for (const JudgedImage& image : images) meters[class_slot(image.true_class)].add(self_confidence(image));
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

Places first_mistakes(std::span<const JudgedImage> images, int true_class, std::size_t limit) {
  Places places;
  for (std::size_t i = 0; i < images.size() && places.size() < limit; ++i) {
    if (images[i].true_class == true_class && images[i].wrong()) places.push_back(i);
  }
  return places;
}

Places worst_mistakes(std::span<const JudgedImage> images, std::size_t limit) {
  Places places;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (images[i].wrong()) places.push_back(i);
  }
  const auto loss = [&](std::size_t place) { return images[place].prediction.loss; };
  std::ranges::stable_sort(places, std::ranges::greater{}, loss);
  places.resize(std::min(places.size(), limit));
  return places;
}

LabelSuspicion suspected_label_errors(std::span<const JudgedImage> images) {
  LabelSuspicion result;
  result.thresholds = mean_self_confidence(images);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const int held = confident_class(images[i].prediction.probabilities, result.thresholds);
    if (held >= 0 && held != images[i].true_class) result.places.push_back(i);
  }
  std::ranges::stable_sort(result.places, {},
                           [&](std::size_t place) { return self_confidence(images[place]); });
  for (const std::size_t place : result.places) {
    result.suggested.push_back(confident_class(images[place].prediction.probabilities, result.thresholds));
  }
  return result;
}

}  // namespace svhn::interpret
