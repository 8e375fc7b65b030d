#pragma once
/// Batch-norm folding for inference. With fixed statistics a batch norm is y = a x + b for each channel, with
/// a = weight / sqrt(running_var + epsilon) and b = bias - a running_mean; the weights of a neighbouring
/// layer can often absorb it.

#include <torch/types.h>

#include <string>
#include <vector>

#include "network/network.h"

namespace svhn::network {

/// Batch norm with fixed statistics: y = scale x + shift per channel or feature, float64 [C] on the
/// processor.
struct Affine {
  torch::Tensor scale;
  torch::Tensor shift;
};

/// The tensors of a batch norm, [C] each.
struct NormTensors {
  torch::Tensor weight;  ///< Undefined: no scale.
  torch::Tensor bias;
  torch::Tensor mean;
  torch::Tensor variance;
};

/// @returns scale = weight / sqrt(variance + epsilon) and shift = bias - mean scale.
Affine affine_of(const NormTensors& norm, double epsilon);

/// @returns a float64 copy on the processor, for exact sums.
torch::Tensor to_float64(const torch::Tensor& tensor);

/// @param weight float64 [out,...]. @returns the weights of each output times its scale.
torch::Tensor scale_outputs(const torch::Tensor& weight, const Affine& affine);

/// A network for inference only.
struct Folded {
  Network network;
  std::vector<std::string> folded;  ///< Names of the folded batch norms; `<layer>.<norm>` inside a backbone.
  std::vector<std::string>
      moved;  ///< Names of the batch norms moved behind a pooling, where there are fewer pixels.
};

/// Builds a network of the same inference function with as few batch norms as possible.
///
/// The changes are exact apart from rounding (about 1e-6 of the logits):
/// - into a convolution or dense layer before it that has no activation;
/// - into a dense layer behind it, also through flatten, and into a convolution behind it that pads nothing
///   (`valid`, a 1x1 kernel, a stride that fits) or when b is 0 everywhere. A padded convolution sees zeros
///   at the border where it saw zeros before, but a x + b elsewhere, so it cannot absorb b;
/// - either way through dropout, average pooling and resizing, and through max pooling when no a is negative;
/// - where no neighbour can absorb it: moved behind a pooling under the same conditions (not in a backbone).
/// Outputs in between that other nodes read, too, rule it out.
///
/// Nodes keep their names and, except the moved ones, their order. The result stays on the network's device
/// and shares the tensors that did not change.
/// @param network with trained statistics, float32 or float64. @returns it unchanged where nothing can be
/// folded.
/// @see Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
/// Inference", CVPR 2018, section 3.2 (folding into the layer before)
Folded fold_batch_norm(Network network);

}  // namespace svhn::network
