#pragma once
/// Temperature scaling: one number, by which all logits are divided, fitted so that the probabilities tell
/// how often the network is right. The order of the classes, and so the accuracy, stays.
/// @see Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2

#include <span>

#include "metric/classes.h"

namespace svhn::metric {

/// @param logits f32 [N,10], finite. @param labels N class indices, 0..9. N is at least 1.
/// @param least,most the bounds of the temperature, above 0.
/// @returns the temperature with the smallest mean cross-entropy, to 1e-9 of itself. Where the smallest lies
/// outside the bounds (all images right: 0; worse than chance: infinity), the nearest bound.
/// @throws core::Error(bug) for sizes that do not fit.
double fit_temperature(std::span<const float> logits, std::span<const int> labels, double least, double most);

}  // namespace svhn::metric
