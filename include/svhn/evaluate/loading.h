#pragma once
/// How batches are made beside the work that is done with them.

#include <cstdint>

#include "svhn/data/batch.h"

namespace svhn::evaluate {

/// @param quick whether a batch is worked on in less time than a thread takes to wake up and make one beside
/// it: those are read by the threads that work on them, between the batches. Others are made ahead.
data::BatchOptions loading(std::int64_t batch_size, bool quick);

}  // namespace svhn::evaluate
