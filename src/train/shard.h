#pragma once
/// Which part of each batch a process works on. B: images of a global batch, which all processes share; its
/// last one may be smaller.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "train/mixup.h"

namespace svhn::train {

/// Neighbouring places in a list.
struct Shard {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// @returns what rank `rank` (0 to size-1) takes of `items`: the shares follow one another in rank order and
/// differ by one at most; with fewer items than ranks some are empty.
Shard shard_of(std::int64_t items, int rank, int size);

/// One process' part of a global batch. It holds its own images and, behind them, those partners of mixup
/// that lie in other shares.
struct BatchShard {
  Shard own;                         ///< In the global batch.
  std::int64_t images = 0;           ///< B.
  Mixing mixing;                     ///< Of the own images; partners are places among the images held.
  std::vector<std::int64_t> others;  ///< Places in the global batch of the partners from other shares.
};

/// @param mixing of the whole batch, or none.
BatchShard shard_batch(const Mixing& mixing, std::int64_t images, int rank, int size);

/// What one process reads of an epoch, batch after batch.
struct EpochShard {
  std::vector<BatchShard> batches;
  std::vector<std::int64_t> rows;   ///< Of the data file.
  std::vector<std::size_t> places;  ///< Of each of them in the epoch's order.
  std::vector<std::int64_t> sizes;  ///< Images held of each batch, may be 0.
};

/// An epoch's global batches.
struct EpochBatches {
  std::span<const std::int64_t> rows;  ///< The whole epoch's, in order.
  std::int64_t batch_size = 1;
  std::int64_t first_step = 0;  ///< Batches before it were seen.
  double mixup = 0.0;           ///< See `draw_mixing`.
  std::uint64_t seed = 1;
  std::int64_t epoch = 0;
};

EpochShard shard_epoch(const EpochBatches& epoch, int rank, int size);

}  // namespace svhn::train
