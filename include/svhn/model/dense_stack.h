#pragma once
/// A network of dense layers, batch norms and dropout as plain loops over memory that is allocated once: what
/// training one forward and backward pass at a time needs, without autograd. N = images.

#include <cstdint>
#include <memory>
#include <vector>

#include "svhn/model/network.h"

namespace svhn::model {

/// One layer's work. Memory is float32, rows of images that follow one another.
class StackLayer;

class DenseStack {
 public:
  /// @param network borrowed: on the processor, float32, its trainable tensors with gradients in place.
  /// @returns nothing where the network is not all flatten, reshape, dense, activation, batch norm of
  /// features and dropout, or where a layer is frozen.
  static std::unique_ptr<DenseStack> make(const Network& network);
  ~DenseStack();

  /// As `Network::forward` in training: moves the running statistics.
  /// @param x [N,...], kept by the caller until `backward`. @param images N, at least 1.
  /// @returns logits [N,classes], valid until the next call.
  const float* forward(const float* x, std::int64_t images, const ForwardContext& context);

  /// Writes the gradients of all trainable tensors, whatever was there.
  /// @returns where to put the gradient of the last forward's logits, [N,classes].
  float* logit_gradient();
  /// @param x as in the last forward.
  void backward(const float* x);

  /// @returns multiplications of a training step for one image.
  [[nodiscard]] std::int64_t products() const { return products_; }

 private:
  explicit DenseStack(const Network& network);
  void make_room(std::int64_t images);

  std::vector<std::unique_ptr<StackLayer>> layers_;
  std::size_t first_learning_ = 0;  ///< Layers in front of it need no gradient.
  std::int64_t widest_ = 0;         ///< Numbers of an image between two layers.
  std::int64_t products_ = 0;
  std::int64_t images_ = 0;  ///< Of the last forward.
  std::int64_t room_ = 0;    ///< Images that there is memory for.
  torch::Tensor gradients_;  ///< [2, room, widest]: what goes into a layer and what comes out.
};

}  // namespace svhn::model
