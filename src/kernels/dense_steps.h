#pragma once
/// What lies between the products of dense layers in training, on memory: float32 in rows that follow one
/// another. N = rows, one an image; F = features; K = classes.

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

/// dx = dy activation'(y). @param y what the activation gave.
void activate_rows_backward(BlockActivation activation, const float* y, const float* dy, float* dx,
                            const RowSizes& sizes);

/// sums[f] = the sum of x's column f, in the order of the rows.
void sum_columns(const float* x, float* sums, const RowSizes& sizes);

/// A batch norm of features, [F] each; borrowed.
struct RowNorm {
  const float* weight;
  const float* bias;
  double epsilon;
};

/// Normalises by the rows' own statistics, as `norm_block` does. @param x, y [N,F], not the same.
Moments norm_rows(const float* x, float* y, const RowSizes& sizes, const RowNorm& norm);

/// What a batch norm keeps, [F] each.
struct RowStatistics {
  const float* mean;
  const float* variance;
};

/// Normalises by known statistics. @param x, y [N,F], not the same.
void norm_rows_by(const float* x, float* y, const RowSizes& sizes, const RowNorm& norm,
                  const RowStatistics& statistics);

/// A batch norm's own part in the backward pass, [F] each.
struct RowNormGradients {
  const float* weight;  ///< The norm's.
  float* dweight;       ///< Filled, as dbias.
  float* dbias;
};

/// @param dy, x, dx [N,F], none the same. @param moments from the forward pass.
void norm_rows_backward(const float* dy, const float* x, float* dx, const RowSizes& sizes,
                        const Moments& moments, const RowNormGradients& own);

/// What a batch is taught.
struct RowTargets {
  const float* targets;        ///< [N,K], each row adds up to 1.
  const std::int64_t* labels;  ///< [N], what counts as right, 0 to K-1.
  const float* class_weights;  ///< [K], of a row's likeliest target; nullptr: all 1.
};

struct RowLoss {
  double loss = 0.0;       ///< Mean over the rows of weight * -sum_k target_k log softmax(logits)_k.
  std::int64_t right = 0;  ///< Rows whose largest logit is the label's.
};

/// @param logits [N,K]. @param gradient [N,K], filled: of the loss.
RowLoss softmax_loss(const float* logits, const RowTargets& targets, float* gradient, const RowSizes& sizes);

}  // namespace svhn::kernels
