#include "train/shard.h"

#include <algorithm>
#include <map>
#include <utility>

namespace svhn::train {

Shard shard_of(std::int64_t items, int rank, int size) {
  // The first `items % size` ranks take one more; a product of counts could overflow.
  const std::int64_t each = items / size, more = items % size;
  return {each * rank + std::min<std::int64_t>(rank, more), each + (rank < more ? 1 : 0)};
}

BatchShard shard_batch(const Mixing& mixing, std::int64_t images, int rank, int size) {
  BatchShard share{shard_of(images, rank, size), images, {}, {}};
  if (mixing.partners.empty()) return share;
  share.mixing.share = mixing.share;
  std::map<std::int64_t, std::int64_t> held;  // By place in the global batch.
  for (std::int64_t i = 0; i < share.own.count; ++i) held.emplace(share.own.first + i, i);
  for (std::int64_t i = 0; i < share.own.count; ++i) {
    const std::int64_t partner = mixing.partners[static_cast<std::size_t>(share.own.first + i)];
    const auto [found, added] = held.emplace(partner, static_cast<std::int64_t>(held.size()));
    if (added) share.others.push_back(partner);
    share.mixing.partners.push_back(found->second);
  }
  return share;
}

EpochShard shard_epoch(const EpochBatches& epoch, int rank, int size) {
  EpochShard result;
  const auto all = static_cast<std::int64_t>(epoch.rows.size());
  for (std::int64_t step = epoch.first_step; step * epoch.batch_size < all; ++step) {
    const std::int64_t first = step * epoch.batch_size;
    const std::int64_t images = std::min(epoch.batch_size, all - first);
    const Mixing mixing = draw_mixing(epoch.mixup, images, {epoch.seed, epoch.epoch, step});
    BatchShard share = shard_batch(mixing, images, rank, size);
    const auto take = [&](std::int64_t place) {
      result.places.push_back(static_cast<std::size_t>(first + place));
      result.rows.push_back(epoch.rows[result.places.back()]);
    };
    for (std::int64_t i = 0; i < share.own.count; ++i) take(share.own.first + i);
    for (const std::int64_t place : share.others) take(place);
    result.sizes.push_back(share.own.count + static_cast<std::int64_t>(share.others.size()));
    result.batches.push_back(std::move(share));
  }
  return result;
}

}  // namespace svhn::train
