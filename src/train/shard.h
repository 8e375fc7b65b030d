#pragma once
/// The images of an epoch's steps, and each process' shard of them. B = images of a global batch, which is
/// divided among all processes; an epoch's last batch may be smaller.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/prepared.h"
#include "train/augmentation.h"
#include "train/options/train_options.h"

namespace svhn::train {

/// A contiguous range of a list.
struct Shard {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// Divides `items` items among `size` ranks in rank order.
/// @returns the shard of rank `rank` (0 to size-1). Sizes differ by one at most; with fewer items than ranks
/// some shards are empty.
Shard shard_of(std::int64_t items, int rank, int size);

/// One process' shard of a global batch. The process holds its own images, followed by their
/// partners in mixup or CutMix from other shards.
struct BatchShard {
  Shard own;                         ///< Own images, as a range of the global batch.
  std::int64_t images = 0;           ///< B.
  Mixing mixing;                     ///< Of the own images; partners are indices into the held images.
  std::vector<std::int64_t> others;  ///< Indices in the global batch of the partners from other shards.
};

/// @param mixing of the global batch; without partners: nothing is mixed. @param images B.
/// @returns the shard of rank `rank` of `size`.
BatchShard shard_batch(const Mixing& mixing, std::int64_t images, int rank, int size);

/// The images that one process reads in an epoch, batch after batch.
struct EpochShard {
  std::vector<BatchShard> batches;
  std::vector<std::int64_t> rows;      ///< Of the data file.
  std::vector<std::size_t> positions;  ///< Index of each of them in the epoch.
  std::vector<std::int64_t> sizes;     ///< Held images of each batch, may be 0.
};

/// The global batches of an epoch.
struct EpochBatches {
  std::span<const std::int64_t> rows;  ///< Of the data file, in the epoch's order.
  std::int64_t batch_size = 1;
  std::int64_t first_step = 0;  ///< Index of the first batch to run.
  MixingOptions mixing{};
  std::uint64_t seed = 1;
  std::int64_t epoch = 0;
};

/// @returns the shard of rank `rank` of `size`.
EpochShard shard_epoch(const EpochBatches& epoch, int rank, int size);

/// Shuffles the training split. More steps than the split has batches take several
/// permutations, one after the other.
/// @param epoch from 0. @param steps optimizer steps of the epoch, at least 1.
/// @returns rows of the data file, at most steps * batch_size of them.
std::vector<std::int64_t> epoch_rows(const TrainOptions& options, const data::PreparedData& data,
                                     std::int64_t epoch, std::int64_t steps);

}  // namespace svhn::train
