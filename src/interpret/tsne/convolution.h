#pragma once
/// The convolution of a grid of charges with a kernel, on the processor.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "interpret/tsne/fft.h"
#include "interpret/tsne/thread_pool.h"

namespace svhn::interpret {

/// Turns charges into a field in place. Two real columns are transformed as one complex one, kLanes of those
/// at once; then, in the other direction, kLanes wave numbers at once. The same bytes for any pool.
class Convolution {
 public:
  /// @param kernel see kernel_transform.
  void prepare(const torch::Tensor& kernel);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  /// Charges in, the field's coefficients out: f32 [rows,stride], of which columns are used.
  [[nodiscard]] float* values() { return values_.data(); }
  [[nodiscard]] const float* values() const { return values_.data(); }
  void clear();
  void run(ThreadPool& pool);

 private:
  struct Buffers {
    std::vector<float> values, scratch;
  };
  void transform_columns(std::int64_t pair, Buffers& buffers);
  void filter_rows(std::int64_t block, Buffers& buffers);
  void restore_columns(std::int64_t pair, Buffers& buffers);
  void load_rows(std::int64_t first, float* out) const;
  void store_rows(std::int64_t first, const float* in);

  std::int64_t rows_ = 0, columns_ = 0, stride_ = 0;
  std::vector<float> kernel_;  // [columns + 1,2 * rows], divided by the transforms' lengths
  std::vector<float> values_;
  std::vector<float> re_, im_;  // [rows + 1, rounded up to kLanes, stride]
  LaneTransform along_columns_, along_rows_;
  std::vector<Buffers> buffers_;  // of each member of the pool
};

}  // namespace svhn::interpret
