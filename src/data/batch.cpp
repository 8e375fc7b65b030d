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

constexpr std::size_t kAheadBytes = 4 << 20;    ///< Of small batches, in the caches of most processors.
constexpr std::size_t kFewest = 3, kMost = 16;  ///< Batches in memory; one of them is the consumer's.

/// Makes the batches of one pass, one after the other.
class Maker {
 public:
  Maker(const PreparedData& data, const InputSource& inputs, std::int64_t batch_size)
      : data_(data), inputs_(inputs), batch_size_(static_cast<std::size_t>(batch_size)) {
    for (const std::int64_t side : inputs.shape()) numbers_ *= static_cast<std::size_t>(side);
  }

  void restart(std::span<const std::int64_t> rows, std::vector<std::int64_t> sizes) {
    rows_.assign(rows.begin(), rows.end());
    sizes_ = std::move(sizes);
    const std::size_t each = sizes_.empty() ? batch_size_ : 0;
    for (std::size_t at = 0; each > 0 && at < rows_.size(); at += each) {
      sizes_.push_back(static_cast<std::int64_t>(std::min(each, rows_.size() - at)));
    }
    at_ = made_ = 0;
  }

  /// @returns how many batches to make ahead in all.
  [[nodiscard]] std::size_t ring() const {
    const auto largest = sizes_.empty() ? 1 : *std::ranges::max_element(sizes_);
    const std::size_t bytes =
        static_cast<std::size_t>(std::max<std::int64_t>(1, largest)) * numbers_ * sizeof(float);
    return std::clamp(kAheadBytes / bytes, kFewest, kMost);
  }

  void set_hook(ImageHook hook) { hook_ = std::move(hook); }
  void set_spread(Spread spread) { spread_ = std::move(spread); }
  [[nodiscard]] bool done() const { return made_ == sizes_.size(); }

  void make(Batch& batch) {
    const auto n = static_cast<std::size_t>(sizes_[made_]);
    const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(at_);
    batch.rows.assign(first, first + static_cast<std::ptrdiff_t>(n));
    batch.labels.resize(n);
    batch.pixels.resize(n * numbers_);
    batch.size = static_cast<std::int64_t>(n);
    const auto part = [&](std::int64_t begin, std::int64_t end) { fill(batch, begin, end); };
    spread_ && !hook_ ? spread_(batch.size, part) : part(0, batch.size);
    at_ += n;
    ++made_;
  }

 private:
  void fill(Batch& batch, std::int64_t begin, std::int64_t end) const {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const std::int64_t row = batch.rows[i];
      const std::span<float> input(batch.pixels.data() + i * numbers_, numbers_);
      inputs_.read(row, input);
      if (hook_) hook_(input, row);
      batch.labels[i] = data_.labels()[static_cast<std::size_t>(row)];
    }
  }

  const PreparedData& data_;
  const InputSource& inputs_;
  std::size_t batch_size_;
  std::size_t numbers_ = 1;  ///< Of one input.
  ImageHook hook_;
  Spread spread_;
  std::vector<std::int64_t> rows_;
  std::vector<std::int64_t> sizes_;  ///< Of the batches.
  std::size_t at_ = 0, made_ = 0;    ///< Rows and batches.
};

/// A ring of batches: the consumer holds one while the thread makes the others. Whoever waits sleeps on until
/// half of the ring has changed hands, since waking up costs as much as a small batch.
class Prefetcher {
 public:
  Prefetcher(Maker& maker, std::size_t batches)
      : maker_(maker),
        ring_(batches),
        enough_(std::max<std::size_t>(1, batches / 2)),
        thread_([this] { run(); }) {}
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    room_.notify_all();
    thread_.join();
  }

  const Batch* next() {
    std::unique_lock lock(mutex_);
    if (std::exchange(holding_, false) && made_ - ++released_ == ring_.size() - enough_) room_.notify_one();
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
      while (!maker_.done() && wait_for_room()) {
        maker_.make(ring_[made_ % ring_.size()]);
        publish([this] { ++made_; });
      }
    } catch (...) {
      publish([this] { fault_ = std::current_exception(); });
    }
    publish([this] { ended_ = true; });
  }

  bool wait_for_room() {
    std::unique_lock lock(mutex_);
    if (!stop_ && made_ - released_ == ring_.size()) {
      room_.wait(lock, [this] { return stop_ || made_ - released_ + enough_ <= ring_.size(); });
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

  Maker& maker_;
  std::mutex mutex_;
  std::condition_variable room_, filled_;  ///< For the thread; for the consumer.
  std::vector<Batch> ring_;
  std::size_t enough_;                   ///< Free places that are worth waking up for.
  std::size_t made_ = 0, released_ = 0;  ///< Counts of batches; written under the mutex.
  bool holding_ = false, stop_ = false, ended_ = false;
  std::exception_ptr fault_;
  std::thread thread_;  ///< Last: it uses all of the above.
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
  const auto pick = [&](std::int64_t at) { return rows[static_cast<std::size_t>(at)]; };
  std::ranges::transform(permutation, order.begin(), pick);
  return order;
}

PixelSource::PixelSource(const PreparedData& data, const PreprocessPlan& plan) : data_(data), plan_(plan) {}

std::vector<std::int64_t> PixelSource::shape() const {
  return {plan_.channels(), kSide, kSide};
}

void PixelSource::read(std::int64_t row, std::span<float> values) const {
  plan_.apply(data_.image(row), values);
}

struct BatchLoader::Impl {
  Impl(const PreparedData& data, const InputSource* inputs, std::unique_ptr<InputSource> own,
       const BatchOptions& options)
      : owned(std::move(own)),
        shape((inputs != nullptr ? *inputs : *owned).shape()),
        maker(data, inputs != nullptr ? *inputs : *owned, options.batch_size),
        batch_size(options.batch_size),
        ahead(options.prefetch) {
    maker.set_hook(options.hook);
    if (!options.prefetch) maker.set_spread(options.spread);
  }

  std::unique_ptr<InputSource> owned;  ///< Where the caller gave a plan instead.
  std::vector<std::int64_t> shape;
  Maker maker;
  std::int64_t batch_size;
  bool ahead;
  Batch batch;  ///< Where nothing is made ahead.
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
  if (impl_->ahead) impl_->prefetcher = std::make_unique<Prefetcher>(impl_->maker, impl_->maker.ring());
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
