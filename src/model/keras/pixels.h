#pragma once
/// Which pixels an imported network takes.

#include "model/keras/import.h"

namespace svhn::model {

/// Networks get pixels from 0 to 1 here. Where a model's first layers scale pixels from 0 to 255, puts a
/// layer in front of it that multiplies by 255, and notes it.
void scale_pixels(KerasModel& model);

}  // namespace svhn::model
