#pragma once
/// A network of dense layers, batch norms and dropout as plain loops over memory that is allocated once: what
/// passes over batch after batch need, without autograd and without LibTorch's operations. N = images.

#include <cstdint>
#include <memory>
#include <vector>

#include "network/network.h"

namespace svhn::network {

/// One layer's work. Memory is float32, rows of images that follow one another.
class MlpLayer;

class MlpEngine {
 public:
  /// @param network borrowed; what it holds at the time of a pass counts, but it stays where it is in memory.
  /// @returns nothing where the network is not on the processor in float32, or not all flatten, reshape,
  /// dense, activation, batch norm of features and dropout.
  static std::unique_ptr<MlpEngine> make(const Network& network);
  ~MlpEngine();

  /// @returns whether it can train: the trainable tensors have their gradients in place, and no layer is
  /// frozen.
  [[nodiscard]] bool trains() const { return trains_; }

  /// @returns whether a pass over that many images takes several threads.
  [[nodiscard]] bool is_parallel(std::int64_t images) const;

  /// As `Network::forward`, from the first layer to the last. In training the running statistics move.
  /// @param x [N,...], kept by the caller until `backward`. @param images N, at least 1.
  /// @returns logits [N,classes], valid until the next call.
  const float* forward(const float* x, std::int64_t images, const ForwardContext& context);

  /// Writes the gradients of all trainable tensors, whatever was there.
  /// @returns where to put the gradient of the last forward's logits, [N,classes].
  float* logit_gradient();
  /// @param x as in the last forward.
  void backward(const float* x);

 private:
  explicit MlpEngine(const Network& network);
  void reserve(std::int64_t images);

  std::vector<std::unique_ptr<MlpLayer>> layers_;
  std::size_t first_learning_ = 0;  ///< Layers in front of it need no gradient.
  std::int64_t widest_ = 0;         ///< Numbers of an image between two layers.
  bool trains_ = false;
  std::int64_t images_ = 0;  ///< Of the last forward.
  std::int64_t room_ = 0;    ///< Images that there is memory for.
  torch::Tensor gradients_;  ///< [2, room, widest]: what goes into a layer and what comes out.
};

}  // namespace svhn::network
