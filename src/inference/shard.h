#pragma once
/// Which of a list of images each process of a group runs.

#include <cstddef>
#include <cstdint>

#include "distributed/process_group.h"

namespace svhn::inference {

struct Shard {
  std::size_t first = 0;
  std::size_t count = 0;  ///< May be 0.
};

/// @returns this process' neighbours among `images`: whole batches, so that each of them is one that a single
/// process would have run. @param group nullptr: all of them.
Shard shard_of(std::size_t images, std::int64_t batch_size, const distributed::ProcessGroup* group);

}  // namespace svhn::inference
