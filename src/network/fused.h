#pragma once
/// Layers that run as one operation where their intermediate results are not needed: a convolution or dense
/// layer with the batch norm, 2x2 max pooling and dropout behind it.

#include <cstddef>
#include <memory>
#include <vector>

#include "network/layers.h"

namespace svhn::network {

/// Gives the result of the separate layers up to rounding. @param x, context as for the first layer.
class FusedLayers {
 public:
  virtual ~FusedLayers() = default;
  /// @returns whether it supports x and context; else the layers run separately.
  [[nodiscard]] virtual bool supports(const torch::Tensor& x, const ForwardContext& context) const = 0;
  [[nodiscard]] virtual torch::Tensor forward(const torch::Tensor& x,
                                              const ForwardContext& context) const = 0;
  [[nodiscard]] virtual std::size_t count() const = 0;  ///< Number of fused layers.
};

/// @param tensor finds a tensor of the network by its full name.
/// @returns one entry per layer: the fused layers that start there, or nullptr.
std::vector<std::unique_ptr<FusedLayers>> fuse_layers(const model::NetworkPlan& plan,
                                                      const FindTensor& tensor, BatchNormVariance variance);

}  // namespace svhn::network
