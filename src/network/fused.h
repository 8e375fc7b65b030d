#pragma once
/// Layers that run as one operation where nobody looks at what lies between them: a convolution or a dense
/// layer with the batch norm, 2x2 max pooling and dropout that follow it.

#include <cstddef>
#include <memory>
#include <vector>

#include "network/layers.h"

namespace svhn::network {

/// @param x, context of the first layer. Gives what the layers give one after the other, up to rounding.
class FusedLayers {
 public:
  virtual ~FusedLayers() = default;
  /// @returns whether it can stand in for the layers here; else they run one by one.
  [[nodiscard]] virtual bool takes(const torch::Tensor& x, const ForwardContext& context) const = 0;
  [[nodiscard]] virtual torch::Tensor forward(const torch::Tensor& x,
                                              const ForwardContext& context) const = 0;
  [[nodiscard]] virtual std::size_t count() const = 0;  ///< Layers that it stands in for.
};

/// @param tensor finds a tensor of the network by its full name.
/// @returns one entry a layer: what starts there, or nullptr.
std::vector<std::unique_ptr<FusedLayers>> fuse_layers(const model::NetworkPlan& plan,
                                                      const FindTensor& tensor, BatchNormVariance variance);

}  // namespace svhn::network
