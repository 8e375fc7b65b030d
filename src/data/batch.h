#pragma once
/// Batches of preprocessed images in a given row order, optionally prefetched by a background thread.
/// n: images of a batch; C: channels, 1 or 3; H, W: sides of the network's input, 32 but for imported models.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "data/prepared.h"
#include "data/preprocess.h"

namespace svhn::data {

/// The row order of an epoch.
/// @param rows rows of the data file, e.g. `data.indices(Split::train)`.
/// @param epoch from 0; with `shuffle` each pair of seed and epoch gives another uniformly random order.
/// @returns the rows in that order; in the given order without `shuffle`.
std::vector<std::int64_t> epoch_order(std::span<const std::int64_t> rows, std::uint64_t seed,
                                      std::uint64_t epoch, bool shuffle);

/// The network's input for each row of the data file.
class InputSource {
 public:
  virtual ~InputSource() = default;
  /// @returns the shape of one input: [C,H,W], or [F] for features.
  [[nodiscard]] virtual std::vector<std::int64_t> shape() const = 0;
  /// Fills in the input of one row. Thread-safe.
  /// @param row row of the data file. @param values f32, as many as `shape` says.
  /// @throws core::Error when the input cannot be read.
  virtual void read(std::int64_t row, std::span<float> values) const = 0;
};

/// The default input: preprocessed pixels.
class PixelSource : public InputSource {
 public:
  /// @param data must outlive the source.
  PixelSource(const PreparedData& data, const PreprocessPlan& plan);
  [[nodiscard]] std::vector<std::int64_t> shape() const override;
  void read(std::int64_t row, std::span<float> values) const override;

 private:
  const PreparedData& data_;
  PreprocessPlan plan_;
};

struct Batch {
  std::vector<float> pixels;         ///< f32 [n,C,H,W], or [n,...] for another input source.
  std::vector<std::int64_t> labels;  ///< [n], class index 0..9.
  std::vector<std::int64_t> rows;    ///< [n], rows of the data file.
  std::int64_t size = 0;             ///< n.
};

/// Changes one preprocessed image in place. @param chw f32 [C,H,W]. @param row row of the data file.
/// Called by the background thread when there is one, never by two threads at once.
using ImageHook = std::function<void(std::span<float> chw, std::int64_t row)>;

/// Runs `part(begin, end)` for parts of [0, count), possibly on several threads; returns when all are done.
using Spread = std::function<void(std::int64_t count,
                                  const std::function<void(std::int64_t begin, std::int64_t end)>& part)>;

/// Options of a BatchLoader. `prefetch` and `spread` do not change the batches.
struct BatchOptions {
  std::int64_t batch_size = 64;
  /// Prefetch batches on a background thread: two, or up to 15 small ones (4 MiB). Useful when the caller's
  /// work per batch takes longer than waking up a thread.
  bool prefetch = false;
  ImageHook hook = {};  ///< May be empty.
  /// Without prefetch and hook: reads the inputs of a batch on the caller's threads.
  Spread spread = {};
};

/// Iterates over the batches of an epoch.
class BatchLoader {
 public:
  /// @param data must outlive the loader.
  /// @throws core::Error(config) when the batch size is below 1.
  BatchLoader(const PreparedData& data, const PreprocessPlan& plan, const BatchOptions& options);
  /// For any input; the labels are those of the data file. @param inputs must outlive the loader.
  BatchLoader(const PreparedData& data, const InputSource& inputs, const BatchOptions& options);
  /// Stops the thread and drops the remaining batches.
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Starts an epoch over `rows` (copied) and drops the rest of the one before.
  /// @param hook replaces the former one when not empty, for augmentation that changes from epoch to epoch.
  /// @param sizes images of each batch (0: an empty batch), in total the number of rows; empty: the batch
  /// size, with the remaining rows in the last batch.
  void start(std::span<const std::int64_t> rows, ImageHook hook = {}, std::vector<std::int64_t> sizes = {});

  /// @returns the next batch, valid until the next call of `next` or `start`; nullptr after the last one.
  /// @throws the exception that occurred in reading the batch (damaged data file, hook); the epoch ends then.
  const Batch* next();

  /// @returns the shape of one input.
  [[nodiscard]] std::vector<std::int64_t> shape() const;
  /// @returns the number of batches in an epoch of `rows` rows: rows / batch size, rounded up.
  [[nodiscard]] std::int64_t batches(std::int64_t rows) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::data
