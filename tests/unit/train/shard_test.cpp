#include "train/shard.h"

#include <gtest/gtest.h>

#include <numeric>

namespace svhn::train {
namespace {

std::vector<std::int64_t> counts_of(std::int64_t items, int size) {
  std::vector<std::int64_t> counts;
  for (int rank = 0; rank < size; ++rank) counts.push_back(shard_of(items, rank, size).count);
  return counts;
}

TEST(ShareOf, CutsIntoNeighboursThatDifferByOneAtMost) {
  EXPECT_EQ(counts_of(64, 2), (std::vector<std::int64_t>{32, 32}));
  EXPECT_EQ(counts_of(11, 4), (std::vector<std::int64_t>{3, 3, 3, 2}));
  EXPECT_EQ(counts_of(2, 3), (std::vector<std::int64_t>{1, 1, 0}));
  for (const std::int64_t items : {0, 1, 7, 64, 1000}) {
    std::int64_t next = 0;
    for (int rank = 0; rank < 5; ++rank) {
      const Shard shard = shard_of(items, rank, 5);
      EXPECT_EQ(shard.first, next);
      next += shard.count;
    }
    EXPECT_EQ(next, items);
  }
}

TEST(ShareBatch, FetchesPartnersFromOtherShares) {
  // Rank 1 of 2 has the images 2 and 3 of four; their partners are 0 and 2.
  const BatchShard shard = shard_batch({0.75, {1, 3, 0, 2}}, 4, 1, 2);
  EXPECT_EQ(shard.own.first, 2);
  EXPECT_EQ(shard.own.count, 2);
  EXPECT_EQ(shard.images, 4);
  EXPECT_EQ(shard.others, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(shard.mixing.partners, (std::vector<std::int64_t>{2, 0}));
  EXPECT_EQ(shard.mixing.lambda, 0.75);
}

TEST(ShareBatch, HoldsAPartnerOfSeveralOnce) {
  const BatchShard shard = shard_batch({0.5, {3, 3, 0, 1}}, 4, 0, 2);
  EXPECT_EQ(shard.others, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(shard.mixing.partners, (std::vector<std::int64_t>{2, 2}));
}

EpochShard shared(int rank, int size, double mixup, std::int64_t first_step = 0) {
  static const std::vector<std::int64_t> rows{10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  return shard_epoch({rows, 4, first_step, {mixup}, 7, 2}, rank, size);
}

TEST(ShareEpoch, IsTheWholeEpochForOneProcess) {
  const EpochShard all = shared(0, 1, 0.0);
  EXPECT_EQ(all.rows, (std::vector<std::int64_t>{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
  EXPECT_EQ(all.sizes, (std::vector<std::int64_t>{4, 4, 2}));
  std::vector<std::size_t> positions(10);
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  EXPECT_EQ(all.positions, positions);
  EXPECT_EQ(shared(0, 1, 0.4).batches[1].mixing.partners, draw_mixing({0.4}, 4, {7, 2, 1}).partners);
}

TEST(ShareEpoch, GivesEachRankItsPartOfEveryBatch) {
  const EpochShard last = shared(2, 3, 0.0);
  EXPECT_EQ(last.sizes, (std::vector<std::int64_t>{1, 1, 0}));
  EXPECT_EQ(last.rows, (std::vector<std::int64_t>{13, 17}));
  EXPECT_EQ(last.positions, (std::vector<std::size_t>{3, 7}));
  EXPECT_EQ(shared(1, 3, 0.0).rows, (std::vector<std::int64_t>{12, 16, 19}));
  EXPECT_EQ(shared(1, 3, 0.0, 2).rows, (std::vector<std::int64_t>{19}));
}

TEST(ShareEpoch, ReadsThePartnersBehindTheOwnImages) {
  const EpochShard shard = shared(1, 2, 0.4);
  std::size_t at = 0;
  for (std::size_t i = 0; i < shard.batches.size(); ++i) {
    const BatchShard& batch = shard.batches[i];
    const auto whole = draw_mixing({0.4}, batch.images, {7, 2, static_cast<std::int64_t>(i)});
    EXPECT_EQ(batch.mixing.lambda, whole.lambda);
    for (std::int64_t k = 0; k < batch.own.count; ++k) {
      const auto own = static_cast<std::size_t>(batch.own.first + k);
      EXPECT_EQ(shard.rows[at + static_cast<std::size_t>(k)], 10 + static_cast<std::int64_t>(4 * i + own));
      const auto held = static_cast<std::size_t>(batch.mixing.partners[static_cast<std::size_t>(k)]);
      EXPECT_EQ(shard.rows[at + held], 10 + static_cast<std::int64_t>(4 * i) + whole.partners[own]);
    }
    at += static_cast<std::size_t>(shard.sizes[i]);
  }
  EXPECT_EQ(at, shard.rows.size());
}

}  // namespace
}  // namespace svhn::train
