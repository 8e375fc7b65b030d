#pragma once
/// Training targets and categorical cross-entropy from logits. N = images of a batch, K = classes.

#include <torch/types.h>

#include <vector>

#include "network/network.h"

namespace svhn::train {

/// Training targets: one-hot, optionally smoothed: (1 - s) one_hot + s / K.
/// @param labels i64 [N], 0..K-1. @returns [N,K] of `dtype`. @see Szegedy et al. 2016, section 7
torch::Tensor smooth_targets(const torch::Tensor& labels, std::int64_t classes, double smoothing,
                             torch::ScalarType dtype);

/// Mean over the batch of weight[label] * -sum_k target_k log softmax(logits)_k, with class weights as in
/// Keras: the sum is divided by N, not by the sum of the weights.
/// @param logits [N,K] float32 or float64. @param targets [N,K]. @param class_weights [K] or undefined.
/// @returns a scalar.
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                            const torch::Tensor& class_weights);

/// @returns the sum of l1 sum|w| + l2 sum(w^2) over the tensors with penalties; undefined if there are none.
torch::Tensor weight_penalty(const std::vector<network::NamedTensor>& tensors);

}  // namespace svhn::train
