#pragma once
/// Which images an epoch's steps see, in order.

#include <cstdint>
#include <vector>

#include "data/prepared.h"
#include "train/options/train_options.h"

namespace svhn::train {

/// One permutation of the training split with its smaller last batch, or, for more steps than that has, as
/// many permutations one after the other as fill all batches.
/// @param epoch from 0. @param steps optimizer steps of the epoch, at least 1.
/// @returns rows of the data file, at most steps * batch_size.
std::vector<std::int64_t> epoch_rows(const TrainOptions& options, const data::PreparedData& data,
                                     std::int64_t epoch, std::int64_t steps);

}  // namespace svhn::train
