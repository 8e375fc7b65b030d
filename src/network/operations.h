#pragma once
/// What layers and the nodes of a backbone's graph have in common, on tensors. N,C,H,W = batch, channels,
/// height, width; weights are float32 and arithmetic is in the type of the input.

#include <torch/types.h>

#include <optional>

#include "distributed/process_group.h"
#include "kernels/norm_block.h"
#include "model/graph/graph.h"

namespace svhn::network {

/// @param stride 0: `size`.
model::Window window_of(std::int64_t size, std::int64_t stride, model::Padding padding);

/// @returns the weight in the input's type; an undefined one stays undefined.
torch::Tensor in_dtype_of(const torch::Tensor& weight, const torch::Tensor& input);

/// @returns those that loops of our own take; linear and softmax are linear (networks return logits).
std::optional<kernels::BlockActivation> block_activation(model::Activation activation);

/// @returns the function of each number; linear and softmax change nothing (networks return logits).
torch::Tensor activate(const torch::Tensor& x, model::Activation activation);

/// Convolves [N,C,H,W]. @param bias may be undefined. @param groups the weight is [out,C/groups,kh,kw].
torch::Tensor convolve(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                       const model::Window& window, std::int64_t groups = 1);

torch::Tensor max_pool(const torch::Tensor& x, const model::Window& window);

/// @param count_padding whether zeros around the image belong to a mean.
torch::Tensor average_pool(const torch::Tensor& x, const model::Window& window, bool count_padding);

/// A batch norm's tensors, each [C], and numbers.
struct Norm {
  torch::Tensor weight;  ///< May be undefined: no scale.
  torch::Tensor bias;
  torch::Tensor mean;
  torch::Tensor variance;
  double epsilon = 1e-3;
  double momentum = 0.99;        ///< Share of the old statistics that stays.
  bool biased_variance = false;  ///< Of the statistics that are kept, see BatchNormVariance.
};

/// Moves the running statistics towards a batch's. @param variance Bessel-corrected. @param count values for
/// each channel.
void move_statistics(const Norm& norm, const torch::Tensor& mean, const torch::Tensor& variance,
                     std::int64_t count);

/// Normalises each channel: in training by this batch's statistics, which move the running ones, else by
/// those. @param group as in ForwardContext.
torch::Tensor normalize(const torch::Tensor& x, const Norm& norm, bool training,
                        distributed::ProcessGroup* group = nullptr);

/// @param x RGB in [0,1], [N,3,H,W]. @returns what a backbone's weights expect, see BackboneInput.
torch::Tensor prepare_input(const torch::Tensor& x, model::BackboneInput input);

}  // namespace svhn::network
