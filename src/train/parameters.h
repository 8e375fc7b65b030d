#pragma once
/// The trainable parameters of a network in one flat buffer of P elements, and their gradients in another, so
/// that optimizers, clipping and all_reduce are single passes over memory.

#include <torch/types.h>

#include <string>
#include <vector>

#include "network/network.h"

namespace svhn::train {

/// The flat buffers and the tensors that are views of them.
class FlatParameters {
 public:
  /// Moves the tensors into the flat buffers; the network's tensors become views of them.
  /// @param tensors the network's trainable tensors, on one device and of one dtype.
  explicit FlatParameters(const std::vector<network::NamedTensor>& tensors);

  [[nodiscard]] const torch::Tensor& values() const { return values_; }  ///< [P]
  /// @returns [P]; set it to zero before backward.
  [[nodiscard]] const torch::Tensor& gradients() const { return gradients_; }
  [[nodiscard]] const std::vector<network::NamedTensor>& tensors() const { return tensors_; }
  /// @param flat [P], or the part of such a vector from index `first` to the end of some tensor.
  /// @returns a view of `flat` for each tensor inside it, named `prefix` + the tensor's name, in the tensor's
  /// shape, not always contiguous.
  [[nodiscard]] std::vector<network::NamedTensor> split(const torch::Tensor& flat, const std::string& prefix,
                                                        std::int64_t first = 0) const;
  /// Scales the gradients so that their Euclidean norm is at most `limit`.
  /// @returns the factor, 1 if nothing changed. @see Pascanu et al. 2013
  double clip_norm(double limit);

 private:
  std::vector<network::NamedTensor> tensors_;
  torch::Tensor values_;
  torch::Tensor gradients_;
};

}  // namespace svhn::train
