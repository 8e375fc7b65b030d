#pragma once
/// How batches are made beside the work that is done with them.

#include <cstdint>

#include "data/batch.h"

namespace svhn::inference {

/// @param with_threads whether batches are read by the threads that work on them, between the batches: for
/// work so short that a thread which makes them ahead would only take a processor from it. Where only one
/// thread works, batches that are made ahead cost it nothing.
data::BatchOptions loading(std::int64_t batch_size, bool with_threads);

}  // namespace svhn::inference
