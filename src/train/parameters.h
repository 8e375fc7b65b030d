#pragma once
/// Every trainable number of a network in one flat buffer (P numbers), and their gradients in another, so
/// that an optimizer, clipping, averaging and an all-reduce are single passes over memory.

#include <torch/types.h>

#include <string>
#include <vector>

#include "network/network.h"

namespace svhn::train {

class FlatParameters {
 public:
  /// Moves the tensors into the flat buffers; the network's own handles see the move.
  /// @param tensors the network's trainable tensors, on one device and of one dtype.
  explicit FlatParameters(const std::vector<network::NamedTensor>& tensors);

  [[nodiscard]] const torch::Tensor& values() const { return values_; }  ///< [P]
  [[nodiscard]] const torch::Tensor& gradients() const {
    return gradients_;
  }  ///< [P], zero it before backward.
  [[nodiscard]] const std::vector<network::NamedTensor>& tensors() const { return tensors_; }
  /// @param flat [P], or the part of such a vector that starts at `first` and ends where some tensor ends.
  /// @returns views of it, one for each tensor that lies in it under `prefix` + its name, in its shape, not
  /// always contiguous.
  [[nodiscard]] std::vector<network::NamedTensor> split(const torch::Tensor& flat, const std::string& prefix,
                                                        std::int64_t first = 0) const;
  /// @returns the factor that brought the gradients' Euclidean norm to at most `limit`. @see Pascanu et al.
  /// 2013
  double clip_norm(double limit);

 private:
  std::vector<network::NamedTensor> tensors_;
  torch::Tensor values_;
  torch::Tensor gradients_;
};

}  // namespace svhn::train
