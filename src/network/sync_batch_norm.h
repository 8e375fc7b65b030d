#pragma once
/// Batch norm by the statistics of a batch that lies in several processes. N = images of this process, C =
/// channels.

#include "distributed/process_group.h"
#include "network/operations.h"

namespace svhn::network {

/// Normalises as `normalize` does in training, by the mean and variance over the images of all processes;
/// gradients flow through these. The running statistics move by them, on every process alike: a Bessel
/// correction counts all images. The gradients of weight and bias are this process' part: add them up as
/// those of all other tensors.
/// @param x [N,C,H,W] or [N,C]; N may be 0 and differ between processes.
torch::Tensor sync_batch_norm(const torch::Tensor& x, const Norm& norm, distributed::ProcessGroup& group);

}  // namespace svhn::network
