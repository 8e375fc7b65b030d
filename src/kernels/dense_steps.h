#pragma once
/// The operations of a dense network besides its matrix products, on contiguous float32 matrices. N = rows,
/// one per image; F = features; K = classes.

#include <torch/types.h>

#include <cstdint>

#include "kernels/norm_block.h"

namespace svhn::kernels {

struct RowSizes {
  std::int64_t rows;
  std::int64_t width;
};

/// y = activation(x), [N,F] each.
void activate_rows(BlockActivation activation, const float* x, float* y, const RowSizes& sizes);

/// dx = dy activation'(y). @param y output of the activation.
void activate_rows_backward(BlockActivation activation, const float* y, const float* dy, float* dx,
                            const RowSizes& sizes);

/// sums[f] = the sum of x's column f, in the order of the rows.
void sum_columns(const float* x, float* sums, const RowSizes& sizes);

/// Parameters of a batch norm of features, f32 [F] each; borrowed.
struct RowNorm {
  const float* weight;
  const float* bias;
  double epsilon;
};

/// Batch norm in training, as `norm_block`. @param x, y [N,F], not the same memory. @returns the statistics.
Moments norm_rows(const float* x, float* y, const RowSizes& sizes, const RowNorm& norm);

/// Running statistics of a batch norm, f32 [F] each.
struct RowStatistics {
  const float* mean;
  const float* variance;
};

/// Batch norm by given statistics. @param x, y [N,F], not the same memory.
void norm_rows_by(const float* x, float* y, const RowSizes& sizes, const RowNorm& norm,
                  const RowStatistics& statistics);

/// A batch norm's weight and the gradients of its parameters, f32 [F] each.
struct RowNormGradients {
  const float* weight;  ///< Of the forward pass.
  float* dweight;       ///< Filled, as dbias.
  float* dbias;
};

/// Backward pass of norm_rows. @param dy, x, dx [N,F], three separate buffers. @param moments from norm_rows.
void norm_rows_backward(const float* dy, const float* x, float* dx, const RowSizes& sizes,
                        const Moments& moments, const RowNormGradients& own);

/// Training targets.
struct RowTargets {
  const float* targets;        ///< [N,K], each row sums to 1.
  const std::int64_t* labels;  ///< [N], true classes, 0 to K-1.
  const float* class_weights;  ///< [K], indexed by a row's largest target; nullptr: all 1.
};

struct RowLoss {
  double loss = 0.0;       ///< Mean over the rows of weight * -sum_k target_k log softmax(logits)_k.
  std::int64_t right = 0;  ///< Rows whose largest logit is the label's.
};

/// Softmax cross-entropy and its gradient. @param logits [N,K]. @param gradient [N,K], filled: of the loss.
RowLoss softmax_loss(const float* logits, const RowTargets& targets, float* gradient, const RowSizes& sizes);

}  // namespace svhn::kernels
