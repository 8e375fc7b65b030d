#pragma once
/// The convolution of a grid of charges with a kernel on the CPU, by complex FFTs of kLanes series at once,
/// one series in each vector lane.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "core/thread_pool.h"

namespace svhn::interpret {

/// Complex FFT of series of one length, a product of 2, 3 and 5. An element is kLanes real parts followed by
/// kLanes imaginary parts.
/// @see Stockham's method: Van Loan, "Computational Frameworks for the Fast Fourier Transform", 1992, section
/// 1.7.
class LaneTransform {
 public:
  LaneTransform() = default;
  explicit LaneTransform(std::int64_t length);
  [[nodiscard]] std::int64_t length() const { return length_; }
  /// @param values f32 [length, 2 * kLanes]. @param scratch of the same size.
  /// @returns the one of both buffers that holds the result, sums of x_j exp(-2 pi i j k / length).
  float* forward(float* values, float* scratch) const;

 private:
  struct Pass {
    int radix;
    std::int64_t groups, stride;
    std::vector<float> factors;  // f32 [groups, radix - 1, 2]
  };
  std::int64_t length_ = 0;
  std::vector<Pass> passes_;
};

/// Replaces charges by their field. Two real columns are transformed as one complex column, kLanes of them at
/// once; then kLanes wave numbers at once along the rows. The result is the same, bit by bit, for any number
/// of threads.
class Convolution {
 public:
  /// Sets the kernel and thereby the grid's size. @param kernel see kernel_transform.
  void prepare(const torch::Tensor& kernel);
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  /// @returns before `run` the charges, after it the field's coefficients: f32 [rows,stride], of which the
  /// grid's columns are used.
  [[nodiscard]] float* values() { return values_.data(); }
  [[nodiscard]] const float* values() const { return values_.data(); }
  /// Sets the charges to 0.
  void clear();
  void run(core::ThreadPool& pool);

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
  std::vector<Buffers> buffers_;  // one for each thread of the pool
};

}  // namespace svhn::interpret
