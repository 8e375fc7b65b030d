#pragma once
/// How batches are loaded for a network, and which images of a list each process of a group takes.

#include <cstddef>
#include <cstdint>

#include "data/batch.h"
#include "distributed/process_group.h"

namespace svhn::inference {

/// @param batch_size images per batch.
/// @param with_threads whether the threads that compute also load the batches, between two of them. Use it
/// for work so short that a prefetching thread would only take a processor away from it. Where one thread
/// computes, prefetching costs nothing.
/// @returns the options of a `data::BatchLoader`.
data::BatchOptions loading(std::int64_t batch_size, bool with_threads);

/// A contiguous range of a list of images.
struct Shard {
  std::size_t first = 0;
  std::size_t count = 0;  ///< May be 0.
};

/// Divides `images` images among the processes of a group in whole batches, so that every batch equals one
/// that a single process would run.
/// @param batch_size images per batch. @param group borrowed; nullptr: this process takes all.
/// @returns this process' shard.
Shard shard_of(std::size_t images, std::int64_t batch_size, const distributed::ProcessGroup* group);

}  // namespace svhn::inference
