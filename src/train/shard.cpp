#include "train/shard.h"

#include <algorithm>
#include <map>
#include <utility>

#include "data/batch.h"

namespace svhn::train {

Shard shard_of(std::int64_t items, int rank, int size) {
  // The first `items % size` ranks take one more. Products such as items * rank could overflow.
  const std::int64_t each = items / size, more = items % size;
  return {each * rank + std::min<std::int64_t>(rank, more), each + (rank < more ? 1 : 0)};
}

BatchShard shard_batch(const Mixing& mixing, std::int64_t images, int rank, int size) {
  BatchShard shard{shard_of(images, rank, size), images, {}, {}};
  if (mixing.partners.empty()) return shard;
  shard.mixing.lambda = mixing.lambda;
  shard.mixing.box = mixing.box;
  std::map<std::int64_t, std::int64_t> held;  // Index among the held images, by index in the global batch.
  for (std::int64_t i = 0; i < shard.own.count; ++i) held.emplace(shard.own.first + i, i);
  for (std::int64_t i = 0; i < shard.own.count; ++i) {
    const std::int64_t partner = mixing.partners[static_cast<std::size_t>(shard.own.first + i)];
    const auto [found, added] = held.emplace(partner, static_cast<std::int64_t>(held.size()));
    if (added) shard.others.push_back(partner);
    shard.mixing.partners.push_back(found->second);
  }
  return shard;
}

EpochShard shard_epoch(const EpochBatches& epoch, int rank, int size) {
  EpochShard result;
  const auto all = static_cast<std::int64_t>(epoch.rows.size());
  for (std::int64_t step = epoch.first_step; step * epoch.batch_size < all; ++step) {
    const std::int64_t first = step * epoch.batch_size;
    const std::int64_t images = std::min(epoch.batch_size, all - first);
    const Mixing mixing = draw_mixing(epoch.mixing, images, {epoch.seed, epoch.epoch, step});
    BatchShard shard = shard_batch(mixing, images, rank, size);
    const auto take = [&](std::int64_t index) {
      result.positions.push_back(static_cast<std::size_t>(first + index));
      result.rows.push_back(epoch.rows[result.positions.back()]);
    };
    for (std::int64_t i = 0; i < shard.own.count; ++i) take(shard.own.first + i);
    for (const std::int64_t index : shard.others) take(index);
    result.sizes.push_back(shard.own.count + static_cast<std::int64_t>(shard.others.size()));
    result.batches.push_back(std::move(shard));
  }
  return result;
}

std::vector<std::int64_t> epoch_rows(const TrainOptions& options, const data::PreparedData& data,
                                     std::int64_t epoch, std::int64_t steps) {
  const auto all = data.indices(data::Split::train);
  const auto batch = static_cast<std::size_t>(options.batch_size);
  const std::size_t per_pass = (all.size() + batch - 1) / batch;
  const auto wanted = static_cast<std::size_t>(steps);
  const std::size_t passes = wanted <= per_pass ? 1 : (wanted * batch + all.size() - 1) / all.size();
  std::vector<std::int64_t> rows;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    const auto order =
        data::epoch_order(all, options.seed, static_cast<std::uint64_t>(epoch) * passes + pass, true);
    rows.insert(rows.end(), order.begin(), order.end());
  }
  if (rows.size() > wanted * batch) rows.resize(wanted * batch);
  return rows;
}

}  // namespace svhn::train
