#include "data/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "core/random.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;

const std::vector<std::int64_t> kRows{7, 0, 3, 5, 2, 9, 1};

enum class Way { alone, ahead, spread };

/// Halves on two threads.
void in_halves(std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& part) {
  std::exception_ptr fault;
  std::jthread other([&] {
    try {
      part(0, count / 2);
    } catch (...) {
      fault = std::current_exception();
    }
  });
  part(count / 2, count);
  other.join();
  if (fault) std::rethrow_exception(fault);
}

class BatchLoaderTest : public PreparedFolder, public testing::WithParamInterface<Way> {
 protected:
  void SetUp() override {
    std::filesystem::path name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = std::filesystem::temp_directory_path() /
              ("svhn_batch_" + name.filename().string() + std::to_string(static_cast<int>(GetParam())) +
               std::to_string(::getpid()));
    write_prepared(file(), golden_content());
    data_ = std::make_unique<PreparedData>(file());
  }

  [[nodiscard]] PreprocessPlan plan() const {
    const Preprocessing steps{{PreprocessStep::greyscale, PreprocessStep::minmax},
                              data_->statistics(Split::train)};
    return plan_for(steps, *data_, Split::train);
  }

  [[nodiscard]] static bool ahead() { return GetParam() == Way::ahead; }

  [[nodiscard]] static BatchOptions options(std::int64_t size) {
    BatchOptions options{.batch_size = size, .prefetch = ahead()};
    if (GetParam() == Way::spread) options.spread = in_halves;
    return options;
  }

  std::unique_ptr<PreparedData> data_;
};

/// Takes all batches of a pass.
std::vector<Batch> drain(BatchLoader& loader) {
  std::vector<Batch> batches;
  while (const Batch* batch = loader.next()) batches.push_back(*batch);
  return batches;
}

TEST_P(BatchLoaderTest, YieldsTheRowsInOrderAndKeepsTheSmallerLastBatch) {
  BatchLoader loader(*data_, plan(), options(3));
  EXPECT_EQ(loader.shape(), (std::vector<std::int64_t>{1, 32, 32}));
  EXPECT_EQ(loader.batches(7), 3);
  EXPECT_EQ(loader.batches(6), 2);
  loader.start(kRows);
  const auto batches = drain(loader);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(batches[0].rows, (std::vector<std::int64_t>{7, 0, 3}));
  EXPECT_EQ(batches[0].labels, (std::vector<std::int64_t>{2, 9, 6})) << "the label of row r is 9 - r";
  EXPECT_EQ(batches[2].rows, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(batches[2].size, 1);
  EXPECT_EQ(batches[2].pixels.size(), 32U * 32U);
  EXPECT_EQ(loader.next(), nullptr);
}

TEST_P(BatchLoaderTest, YieldsBatchesOfGivenSizesEmptyOnesToo) {
  BatchLoader loader(*data_, plan(), options(3));
  loader.start(kRows, {}, {0, 4, 0, 3, 0});
  const auto batches = drain(loader);
  ASSERT_EQ(batches.size(), 5U);
  EXPECT_EQ(batches[1].rows, (std::vector<std::int64_t>{7, 0, 3, 5}));
  EXPECT_EQ(batches[3].rows, (std::vector<std::int64_t>{2, 9, 1}));
  for (const std::size_t empty : {0U, 2U, 4U}) EXPECT_EQ(batches[empty].size, 0);
  loader.start(kRows);
  EXPECT_EQ(drain(loader).size(), 3U);
}

TEST_P(BatchLoaderTest, PixelsAreThoseOfThePlan) {
  BatchLoader loader(*data_, plan(), options(3));
  loader.start(kRows);
  std::vector<float> expected(32 * 32);
  for (const Batch& batch : drain(loader)) {
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      plan().apply(data_->image(batch.rows[i]), expected);
      ASSERT_TRUE(std::ranges::equal(expected, std::span(batch.pixels).subspan(i * 1024, 1024)));
    }
  }
}

TEST_P(BatchLoaderTest, ResizesImagesForANetworkOfAnotherInput) {
  const PreprocessPlan plan({{PreprocessStep::greyscale}, {}, {40, 16}}, {});
  BatchLoader loader(*data_, plan, options(3));
  EXPECT_EQ(loader.shape(), (std::vector<std::int64_t>{1, 40, 16}));
  loader.start(kRows);
  std::vector<float> expected(640);
  std::vector<std::uint8_t> resized(1920);
  for (const Batch& batch : drain(loader)) {
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      Resizer({}, {40, 16})(data_->image(batch.rows[i]), resized);
      plan.apply(resized, expected);
      ASSERT_TRUE(std::ranges::equal(expected, std::span(batch.pixels).subspan(i * 640, 640)));
    }
  }
}

/// Features [2]: the row and its double.
struct RowFeatures : InputSource {
  [[nodiscard]] std::vector<std::int64_t> shape() const override { return {2}; }
  void read(std::int64_t row, std::span<float> values) const override {
    values[0] = static_cast<float>(row);
    values[1] = static_cast<float>(2 * row);
  }
};

/// Says which threads read.
class Witness : public InputSource {
 public:
  [[nodiscard]] std::vector<std::int64_t> shape() const override { return {1}; }
  void read(std::int64_t row, std::span<float> values) const override {
    values[0] = static_cast<float>(row);
    const std::lock_guard lock(mutex_);
    readers_.insert(std::this_thread::get_id());
  }
  [[nodiscard]] std::set<std::thread::id> readers() const { return readers_; }

 private:
  mutable std::mutex mutex_;
  mutable std::set<std::thread::id> readers_;
};

TEST_P(BatchLoaderTest, ReadsWhereItIsAskedTo) {
  const Witness inputs;
  BatchLoader loader(*data_, inputs, options(7));
  loader.start(kRows);
  EXPECT_EQ(loader.next()->pixels, (std::vector<float>{7, 0, 3, 5, 2, 9, 1}));
  EXPECT_EQ(inputs.readers().size(), GetParam() == Way::spread ? 2U : 1U);
  EXPECT_EQ(inputs.readers().contains(std::this_thread::get_id()), !ahead());
}

TEST_P(BatchLoaderTest, FeedsAnyInputWithTheFilesLabels) {
  const RowFeatures features;
  BatchLoader loader(*data_, features, options(2));
  EXPECT_EQ(loader.shape(), (std::vector<std::int64_t>{2}));
  loader.start(std::vector<std::int64_t>{3, 5, 1});
  const auto batches = drain(loader);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].pixels, (std::vector<float>{3, 6, 5, 10}));
  EXPECT_EQ(batches[0].labels, (std::vector<std::int64_t>{6, 4}));
  EXPECT_EQ(batches[1].pixels, (std::vector<float>{1, 2}));
}

TEST_P(BatchLoaderTest, CallsTheHookForEveryImageInOrder) {
  std::vector<std::int64_t> seen;
  BatchOptions with_hook = options(2);
  with_hook.hook = [&](std::span<float> chw, std::int64_t row) {
    seen.push_back(row);
    std::ranges::fill(chw, static_cast<float>(row));
  };
  BatchLoader loader(*data_, plan(), with_hook);
  loader.start(kRows);
  const auto batches = drain(loader);
  EXPECT_EQ(seen, kRows);
  EXPECT_EQ(batches[3].pixels, std::vector<float>(1024, 1.0F));
  loader.start(kRows, [](std::span<float> chw, std::int64_t) { chw[0] = -4.0F; });
  EXPECT_EQ(loader.next()->pixels[0], -4.0F);
}

TEST_P(BatchLoaderTest, CarriesAFaultToTheConsumerAndCanStartAgain) {
  BatchLoader loader(*data_, plan(), options(2));
  loader.start(kRows, [](std::span<float>, std::int64_t row) {
    if (row == 5) throw std::runtime_error("hook");  // In the second batch.
  });
  EXPECT_NE(loader.next(), nullptr);
  EXPECT_THROW(loader.next(), std::runtime_error);
  EXPECT_EQ(loader.next(), nullptr);
  loader.start(kRows, [](std::span<float>, std::int64_t) {});
  EXPECT_EQ(drain(loader).size(), 4U);
}

TEST_P(BatchLoaderTest, ReportsADamagedImage) {
  std::fstream stream(file(), std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file()) - 100));
  stream.put(0);
  stream.close();
  const PreparedData damaged(file());
  BatchLoader loader(damaged, plan(), options(2));
  loader.start(kRows);
  EXPECT_THROW(loader.next(), Error);
}

TEST_P(BatchLoaderTest, CanBeLeftOrStartedAgainInTheMiddle) {
  std::vector<std::int64_t> many;
  for (std::int64_t i = 0; i < 1000; ++i) many.push_back(i % 10);
  for (int i = 0; i < 20; ++i) {
    BatchLoader loader(*data_, plan(), options(4));
    loader.start(many);
    for (int taken = 0; taken < i % 5; ++taken) loader.next();
    loader.start(kRows);
    if (i % 2 == 1) continue;
    EXPECT_EQ(loader.next()->rows, (std::vector<std::int64_t>{7, 0, 3, 5}));
  }
}

TEST_P(BatchLoaderTest, HasNothingBeforeStartAndOfNoRows) {
  BatchLoader loader(*data_, plan(), options(4));
  EXPECT_EQ(loader.next(), nullptr);
  loader.start({});
  EXPECT_EQ(loader.next(), nullptr);
}

TEST_P(BatchLoaderTest, RefusesABatchSizeBelowOne) {
  try {
    const BatchLoader loader(*data_, plan(), options(0));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::config);
    EXPECT_STREQ(error.what(), "the batch size is 0, it must be 1 or more");
  }
}

TEST_P(BatchLoaderTest, WorksAheadOnAThreadOfItsOwnOnlyWhenAsked) {
  std::atomic<int> images{0};
  std::atomic<bool> elsewhere{false};
  const auto consumer = std::this_thread::get_id();
  BatchLoader loader(*data_, plan(), options(1));
  const std::vector<std::int64_t> rows(40, 7);
  loader.start(rows, [&](std::span<float>, std::int64_t) {
    elsewhere = std::this_thread::get_id() != consumer;
    ++images;
  });
  while (ahead() && images < 16) std::this_thread::yield();  // 16 small batches are made without asking …
  EXPECT_EQ(loader.next()->rows, (std::vector<std::int64_t>{7}));
  EXPECT_EQ(elsewhere, ahead());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(images, ahead() ? 16 : 1) << "… and no more while the first of them is in use";
}

INSTANTIATE_TEST_SUITE_P(Ways, BatchLoaderTest, testing::Values(Way::alone, Way::ahead, Way::spread));

TEST(EpochOrder, IsTheGivenOrderWithoutShuffling) {
  EXPECT_EQ(epoch_order(kRows, 1, 0, false), kRows);
}

TEST(EpochOrder, IsAPermutationThatDependsOnSeedAndEpochAlone) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 100; ++i) rows.push_back(3 * i);
  const auto first = epoch_order(rows, 1, 0, true);
  auto sorted = first;
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted, rows);
  EXPECT_EQ(epoch_order(rows, 1, 0, true), first);
  EXPECT_EQ(std::set({first, epoch_order(rows, 1, 1, true), epoch_order(rows, 2, 0, true), rows}).size(), 4U);
}

TEST(EpochOrder, IsDrawnFromTheShuffleStreamOfTheEpoch) {
  core::CounterRandom random(9, core::stream_id("shuffle"), 4);
  std::vector<std::int64_t> expected;
  for (const std::int64_t at : core::random_permutation(7, random)) expected.push_back(kRows[at]);
  EXPECT_EQ(epoch_order(kRows, 9, 4, true), expected);
}

}  // namespace
}  // namespace svhn::data
