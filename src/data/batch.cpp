#include "data/batch.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/random.h"

namespace svhn::data {
namespace {

constexpr std::size_t kPrefetchBytes = 4 << 20;  ///< For small batches; fits the caches of most processors.
constexpr std::size_t kMinBatches = 3, kMaxBatches = 16;  ///< In memory, including that of the consumer.

/// Makes the batches of one epoch, one after the other.
class BatchMaker {
 public:
  BatchMaker(const PreparedData& data, const InputSource& inputs, std::int64_t batch_size)
      : data_(data), inputs_(inputs), batch_size_(static_cast<std::size_t>(batch_size)) {
    for (const std::int64_t side : inputs.shape()) input_size_ *= static_cast<std::size_t>(side);
  }

  void restart(std::span<const std::int64_t> rows, std::vector<std::int64_t> sizes) {
    rows_.assign(rows.begin(), rows.end());
    sizes_ = std::move(sizes);
    const std::size_t each = sizes_.empty() ? batch_size_ : 0;
    for (std::size_t at = 0; each > 0 && at < rows_.size(); at += each) {
      sizes_.push_back(static_cast<std::int64_t>(std::min(each, rows_.size() - at)));
    }
    next_row_ = made_ = 0;
  }

  /// @returns the number of batches of the prefetcher's ring buffer.
  [[nodiscard]] std::size_t ring_size() const {
    const auto largest = sizes_.empty() ? 1 : *std::ranges::max_element(sizes_);
    const std::size_t bytes =
        static_cast<std::size_t>(std::max<std::int64_t>(1, largest)) * input_size_ * sizeof(float);
    return std::clamp(kPrefetchBytes / bytes, kMinBatches, kMaxBatches);
  }

  void set_hook(ImageHook hook) { hook_ = std::move(hook); }
  void set_spread(Spread spread) { spread_ = std::move(spread); }
  [[nodiscard]] bool done() const { return made_ == sizes_.size(); }

  void make(Batch& batch) {
    const auto n = static_cast<std::size_t>(sizes_[made_]);
    const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(next_row_);
    batch.rows.assign(first, first + static_cast<std::ptrdiff_t>(n));
    batch.labels.resize(n);
    batch.pixels.resize(n * input_size_);
    batch.size = static_cast<std::int64_t>(n);
    const auto part = [&](std::int64_t begin, std::int64_t end) { fill(batch, begin, end); };
    spread_ && !hook_ ? spread_(batch.size, part) : part(0, batch.size);
    next_row_ += n;
    ++made_;
  }

 private:
  void fill(Batch& batch, std::int64_t begin, std::int64_t end) const {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const std::int64_t row = batch.rows[i];
      const std::span<float> input(batch.pixels.data() + i * input_size_, input_size_);
      inputs_.read(row, input);
      if (hook_) hook_(input, row);
      batch.labels[i] = data_.labels()[static_cast<std::size_t>(row)];
    }
  }

  const PreparedData& data_;
  const InputSource& inputs_;
  std::size_t batch_size_;
  std::size_t input_size_ = 1;  ///< Numbers of one input.
  ImageHook hook_;
  Spread spread_;
  std::vector<std::int64_t> rows_;
  std::vector<std::int64_t> sizes_;      ///< Sizes of the batches.
  std::size_t next_row_ = 0, made_ = 0;  ///< Index of the next row; number of batches made.
};

/// A ring buffer of batches: the consumer holds one while the thread makes the others. When the ring is full,
/// the thread sleeps until half of it is free, since waking up costs as much as a small batch.
class Prefetcher {
 public:
  Prefetcher(BatchMaker& maker, std::size_t batches)
      : maker_(maker),
        ring_(batches),
        wake_free_(std::max<std::size_t>(1, batches / 2)),
        thread_([this] { run(); }) {}
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    free_.notify_all();
    thread_.join();
  }

  const Batch* next() {
    std::unique_lock lock(mutex_);
    if (std::exchange(holding_, false) && made_ - ++released_ == ring_.size() - wake_free_)
      free_.notify_one();
    filled_.wait(lock, [this] { return made_ > released_ || ended_; });
    if (made_ > released_) {
      holding_ = true;
      return &ring_[released_ % ring_.size()];
    }
    if (fault_) std::rethrow_exception(std::exchange(fault_, nullptr));
    return nullptr;
  }

 private:
  void run() {
    try {
      while (!maker_.done() && wait_for_free()) {
        maker_.make(ring_[made_ % ring_.size()]);
        publish([this] { ++made_; });
      }
    } catch (...) {
      publish([this] { fault_ = std::current_exception(); });
    }
    publish([this] { ended_ = true; });
  }

  bool wait_for_free() {
    std::unique_lock lock(mutex_);
    if (!stop_ && made_ - released_ == ring_.size()) {
      free_.wait(lock, [this] { return stop_ || made_ - released_ + wake_free_ <= ring_.size(); });
    }
    return !stop_;
  }

  template <typename Change>
  void publish(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    filled_.notify_one();
  }

  BatchMaker& maker_;
  std::mutex mutex_;
  std::condition_variable free_, filled_;  ///< The thread waits for free_, the consumer for filled_.
  std::vector<Batch> ring_;
  std::size_t wake_free_;                ///< Free batches at which the thread wakes up.
  std::size_t made_ = 0, released_ = 0;  ///< Counts of batches; written under the mutex.
  bool holding_ = false, stop_ = false, ended_ = false;
  std::exception_ptr fault_;
  std::thread thread_;  ///< Last, since it uses the members above.
};

const BatchOptions& checked(const BatchOptions& options) {
  if (options.batch_size >= 1) return options;
  throw core::Error(core::ExitCode::config,
                    "the batch size is " + std::to_string(options.batch_size) + ", it must be 1 or more",
                    "change train.batch_size");
}

}  // namespace

std::vector<std::int64_t> epoch_order(std::span<const std::int64_t> rows, std::uint64_t seed,
                                      std::uint64_t epoch, bool shuffle) {
  std::vector<std::int64_t> order(rows.begin(), rows.end());
  if (!shuffle) return order;
  core::CounterRandom random(seed, core::stream_id("shuffle"), epoch);
  const auto permutation = core::random_permutation(static_cast<std::int64_t>(rows.size()), random);
  const auto pick = [&](std::int64_t index) { return rows[static_cast<std::size_t>(index)]; };
  std::ranges::transform(permutation, order.begin(), pick);
  return order;
}

PixelSource::PixelSource(const PreparedData& data, const PreprocessPlan& plan) : data_(data), plan_(plan) {}

std::vector<std::int64_t> PixelSource::shape() const {
  return plan_.shape();
}

void PixelSource::read(std::int64_t row, std::span<float> values) const {
  plan_.apply_resized(data_.image(row), values);
}

struct BatchLoader::Impl {
  Impl(const PreparedData& data, const InputSource* inputs, std::unique_ptr<InputSource> own,
       const BatchOptions& options)
      : owned(std::move(own)),
        shape((inputs != nullptr ? *inputs : *owned).shape()),
        maker(data, inputs != nullptr ? *inputs : *owned, options.batch_size),
        batch_size(options.batch_size),
        prefetch(options.prefetch) {
    maker.set_hook(options.hook);
    if (!options.prefetch) maker.set_spread(options.spread);
  }

  std::unique_ptr<InputSource> owned;  ///< Set when the caller passed a plan.
  std::vector<std::int64_t> shape;
  BatchMaker maker;
  std::int64_t batch_size;
  bool prefetch;
  Batch batch;  ///< Without prefetch.
  std::unique_ptr<Prefetcher> prefetcher;
};

BatchLoader::BatchLoader(const PreparedData& data, const PreprocessPlan& plan, const BatchOptions& options)
    : impl_(std::make_unique<Impl>(data, nullptr, std::make_unique<PixelSource>(data, plan),
                                   checked(options))) {}

BatchLoader::BatchLoader(const PreparedData& data, const InputSource& inputs, const BatchOptions& options)
    : impl_(std::make_unique<Impl>(data, &inputs, nullptr, checked(options))) {}

BatchLoader::~BatchLoader() = default;

void BatchLoader::start(std::span<const std::int64_t> rows, ImageHook hook, std::vector<std::int64_t> sizes) {
  impl_->prefetcher.reset();
  impl_->maker.restart(rows, std::move(sizes));
  if (hook) impl_->maker.set_hook(std::move(hook));
  if (impl_->prefetch)
    impl_->prefetcher = std::make_unique<Prefetcher>(impl_->maker, impl_->maker.ring_size());
}

const Batch* BatchLoader::next() {
  if (impl_->prefetcher) return impl_->prefetcher->next();
  if (impl_->maker.done()) return nullptr;
  try {
    impl_->maker.make(impl_->batch);
  } catch (...) {
    impl_->maker.restart({}, {});
    throw;
  }
  return &impl_->batch;
}

std::vector<std::int64_t> BatchLoader::shape() const {
  return impl_->shape;
}

std::int64_t BatchLoader::batches(std::int64_t rows) const {
  return rows / impl_->batch_size + (rows % impl_->batch_size != 0 ? 1 : 0);
}

}  // namespace svhn::data
