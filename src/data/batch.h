#pragma once
/// Batches of preprocessed images in a given order of rows, optionally made ahead on a background thread.
/// n: images of a batch; C: channels, 1 or 3; H, W: 32.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "data/prepared.h"
#include "data/preprocess.h"

namespace svhn::data {

/// The order in which an epoch visits its rows.
/// @param rows of the data file, e.g. `data.indices(Split::train)`.
/// @param epoch counted from 0; with `shuffle` each epoch and each seed has its own uniformly random order.
/// @returns the same rows; in the given order without `shuffle`.
std::vector<std::int64_t> epoch_order(std::span<const std::int64_t> rows, std::uint64_t seed,
                                      std::uint64_t epoch, bool shuffle);

/// What a network is fed with for a row of the data file.
class InputSource {
 public:
  virtual ~InputSource() = default;
  /// @returns the shape of one input: [C,H,W], or [F] for features.
  [[nodiscard]] virtual std::vector<std::int64_t> shape() const = 0;
  /// May be called by several threads at a time.
  /// @param row of the data file. @param values f32, as many as `shape` says, filled.
  /// @throws core::Error when the row's input cannot be had.
  virtual void read(std::int64_t row, std::span<float> values) const = 0;
};

/// The usual input: preprocessed pixels.
class PixelSource : public InputSource {
 public:
  /// @param data borrowed; must outlive the source.
  PixelSource(const PreparedData& data, const PreprocessPlan& plan);
  [[nodiscard]] std::vector<std::int64_t> shape() const override;
  void read(std::int64_t row, std::span<float> values) const override;

 private:
  const PreparedData& data_;
  PreprocessPlan plan_;
};

struct Batch {
  std::vector<float> pixels;         ///< f32 [n,C,H,W], or [n,...] in the shape of another input source.
  std::vector<std::int64_t> labels;  ///< [n], class index 0..9.
  std::vector<std::int64_t> rows;    ///< [n], rows of the data file.
  std::int64_t size = 0;             ///< n.
};

/// Changes one preprocessed image in place. @param chw f32 [C,H,W]. @param row of the data file.
/// Called on the background thread where there is one, never from two threads at once.
using ImageHook = std::function<void(std::span<float> chw, std::int64_t row)>;

/// Runs `part(begin, end)` for parts of [0, count), perhaps on several threads; returns when all are done.
using Spread = std::function<void(std::int64_t count,
                                  const std::function<void(std::int64_t begin, std::int64_t end)>& part)>;

/// How inputs become batches. Either way gives the same ones.
struct BatchOptions {
  std::int64_t batch_size = 64;
  /// Make batches on a thread while the caller works: two, or of small ones up to 15 (4 MiB). For work that
  /// is longer than waking a thread up.
  bool prefetch = false;
  ImageHook hook = {};  ///< May be empty.
  /// Where nothing is made ahead and no hook is called: reads the inputs of a batch on the caller's threads.
  Spread spread = {};
};

/// Yields batches.
class BatchLoader {
 public:
  /// @param data borrowed; must outlive the loader.
  /// @throws core::Error(config) when the batch size is below 1.
  BatchLoader(const PreparedData& data, const PreprocessPlan& plan, const BatchOptions& options);
  /// The same for any input; the labels are the data file's. @param inputs borrowed as `data` is.
  BatchLoader(const PreparedData& data, const InputSource& inputs, const BatchOptions& options);
  /// Stops the thread; batches not taken are dropped.
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Begins a pass over `rows` (copied), whatever was left of the one before. @param hook replaces the one
  /// given before when not empty, for what changes from epoch to epoch. @param sizes images of each batch (0
  /// gives an empty one), adding up to the rows; empty: the batch size, and what is left in the last.
  void start(std::span<const std::int64_t> rows, ImageHook hook = {}, std::vector<std::int64_t> sizes = {});

  /// @returns the next batch, valid until the next call of `next` or `start`; nullptr after the last one.
  /// @throws what making the batch threw (a damaged data file, a fault of the hook); the pass is over then.
  const Batch* next();

  /// @returns the shape of one input.
  [[nodiscard]] std::vector<std::int64_t> shape() const;
  /// @returns batches in a pass over `rows` rows: rows / batch size, rounded up.
  [[nodiscard]] std::int64_t batches(std::int64_t rows) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn::data
