#pragma once
/// The three matrix products of a dense layer's forward and backward pass: contiguous float32 matrices, 32
/// KiB of scratch memory on the stack. The order of each sum is fixed, so the number of threads does not
/// change the result. Large products use several threads, one for every 8 million multiplications N I O. N =
/// images, I = inputs, O = outputs; none is 0.

#include <cstdint>

namespace svhn::kernels {

struct DenseSizes {
  std::int64_t images;
  std::int64_t inputs;
  std::int64_t outputs;
};

/// @returns whether `dense_forward` uses several threads.
bool dense_is_parallel(const DenseSizes& sizes);

/// y = x w' + bias.
/// @param x [N,I]. @param w [O,I]. @param bias [O], or nullptr. @param y [N,O], filled.
void dense_forward(const float* x, const float* w, const float* bias, float* y, const DenseSizes& sizes);

/// dw = dy' x. @param dy [N,O]. @param x [N,I]. @param dw [O,I], filled.
void dense_weight_gradient(const float* dy, const float* x, float* dw, const DenseSizes& sizes);

/// dx = dy w. @param dy [N,O]. @param w [O,I]. @param dx [N,I], filled.
void dense_input_gradient(const float* dy, const float* w, float* dx, const DenseSizes& sizes);

}  // namespace svhn::kernels
