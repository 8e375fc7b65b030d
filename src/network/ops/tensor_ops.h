#pragma once
/// Functions on tensors that several ops share. N,C,H,W = batch, channels, height,
/// width; weights are float32, arithmetic is in the input's dtype.

#include <torch/types.h>

#include <optional>

#include "distributed/process_group.h"
#include "kernels/norm_block.h"
#include "model/graph/graph.h"
#include "network/ops/run.h"

namespace svhn::network {

/// @returns the weight in the input's dtype; an undefined weight stays undefined.
torch::Tensor in_dtype_of(const torch::Tensor& weight, const torch::Tensor& input);

/// @returns the activation for svhn::kernels, or nothing where they do not have it; softmax counts as linear
/// (networks return logits).
std::optional<kernels::BlockActivation> block_activation(model::Activation activation);

/// @returns the activation of x; linear and softmax return x (networks return logits).
torch::Tensor activate(const torch::Tensor& x, model::Activation activation);

/// As `activate`, but may overwrite x where autograd does not need it, which saves the memory of a result.
torch::Tensor activate_in_place(const torch::Tensor& x, model::Activation activation);

/// @returns whether no other tensor sees the memory of x, so that it may be overwritten.
bool is_unshared(const torch::Tensor& x);

/// Convolves x [N,C,H,W]. @param bias may be undefined. @param groups the weight is [out,C/groups,kh,kw].
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                       const model::Window& window, std::int64_t groups = 1);

torch::Tensor max_pool(const torch::Tensor& x, const model::Window& window);

/// @param count_padding whether means include the zeros of the padding.
torch::Tensor average_pool(const torch::Tensor& x, const model::Window& window, bool count_padding);

/// A batch norm's tensors, [C] each, and hyperparameters.
struct BatchNormState {
  torch::Tensor weight;  ///< May be undefined: no scale.
  torch::Tensor bias;
  torch::Tensor mean;
  torch::Tensor variance;
  double epsilon = 1e-3;
  double momentum = 0.99;        ///< Weight of the old running statistics.
  bool biased_variance = false;  ///< Of the running variance, see BatchNormVariance.
};

/// @returns the tensors of a batch norm's node.
BatchNormState batch_norm_state(const model::BatchNormOp& op, const NodeState& node);

/// Updates the running statistics by those of a batch. @param variance Bessel-corrected. @param count values
/// per channel.
void update_running_statistics(const BatchNormState& norm, const torch::Tensor& mean,
                               const torch::Tensor& variance, std::int64_t count);

/// Batch norm: in training by the batch's statistics, which also update the running ones, else by the running
/// ones. @param group as in ForwardContext.
torch::Tensor normalize(const torch::Tensor& x, const BatchNormState& norm, bool training,
                        distributed::ProcessGroup* group = nullptr);

/// Batch norm in training by the statistics of a batch that is divided over the processes of a group;
/// gradients flow through the statistics. All processes update the running statistics alike; their Bessel
/// correction counts all images. The gradients of weight and bias are of this process' images: all_reduce
/// them as those of other tensors.
/// @param x [N,C,H,W] or [N,C], N images of this process; N may be 0 and differ between processes.
torch::Tensor sync_batch_norm(const torch::Tensor& x, const BatchNormState& norm,
                              distributed::ProcessGroup& group);

}  // namespace svhn::network
