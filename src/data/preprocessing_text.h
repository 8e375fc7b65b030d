#pragma once
/// A model's preprocessing in words.

#include <string>

#include "data/preprocess.h"

namespace svhn::data {

/// @returns the steps with the training split's numbers, e.g. "greyscale, then each split scaled to 0..1 by
/// its own range (other pictures by the training split's, 0.0118 to 0.9961)"; "pixels / 255" without steps.
std::string preprocessing_text(const Preprocessing& preprocessing);

}  // namespace svhn::data
