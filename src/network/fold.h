#pragma once
/// Inference without batch norm where the result stays the same: a batch norm with fixed statistics is
/// y = a x + b for each channel, with a = weight / sqrt(running_var + epsilon) and
/// b = bias - a running_mean, and such a change can often be taken over by the weights of a neighbour.

#include <string>
#include <vector>

#include "network/network.h"

namespace svhn::network {

/// A network for inference only.
struct Folded {
  Network network;
  std::vector<std::string> folded;  ///< Batch norms that are gone; `<layer>.<norm>` inside a backbone.
  std::vector<std::string> moved;   ///< Those that came to stand behind a pooling, where there is less to do.
};

/// Builds the network of the same inference function with as few batch norms as that allows.
///
/// Exact, apart from rounding (about 1e-6 of the logits), and therefore done:
/// - into a convolution or dense layer before it that has no activation of its own;
/// - into a dense layer behind it, also through flatten, and into a convolution behind it that pads nothing
///   (`valid`, a 1x1 kernel, a stride that fits) or when b is 0 everywhere. A padded convolution sees zeros
///   at the border where it saw zeros before, but a x + b elsewhere, so it cannot take b over;
/// - either way through dropout, average pooling and resizing, and through max pooling when no a is negative;
/// - inside a backbone into the convolution before it, where nothing else reads that convolution;
/// - where no neighbour can take it: to the other side of a pooling under the same conditions.
///
/// Layers keep their names; those that go on stand in the same order but for the ones moved.
/// The result stays on the device where the network is. @param network with trained statistics, float32 or
/// float64; returned as it is where nothing can be done.
/// @see Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
/// Inference", CVPR 2018, section 3.2 (folding into the layer before)
Folded fold_batch_norm(Network network);

}  // namespace svhn::network
