#pragma once
/// Forward and backward passes of a network of dense layers, batch norms and dropout as plain loops over
/// preallocated memory, without autograd and LibTorch's operations. N = images.

#include <cstdint>
#include <memory>
#include <vector>

#include "network/network.h"

namespace svhn::network {

/// One layer, on contiguous float32 memory [N,width].
class MlpLayer;

class MlpEngine {
 public:
  /// @param network borrowed; a pass uses its tensors' values at that time, but their memory must not move.
  /// @returns nothing unless the network is on the processor in float32 and consists of flatten, reshape,
  /// dense, activation, batch norm of features and dropout layers only.
  static std::unique_ptr<MlpEngine> make(const Network& network);
  ~MlpEngine();

  /// @returns whether it can train: all trainable tensors have contiguous gradients, and no layer is frozen.
  [[nodiscard]] bool can_train() const { return can_train_; }

  /// @returns whether a pass over `images` images uses several threads.
  [[nodiscard]] bool is_parallel(std::int64_t images) const;

  /// As `Network::forward`, from the first layer to the last. In training it updates the running statistics.
  /// @param x [N,...], must stay valid until `backward`. @param images N, at least 1.
  /// @returns logits [N,classes], valid until the next call.
  const float* forward(const float* x, std::int64_t images, const ForwardContext& context);

  /// @returns the buffer for the gradient of the last forward's logits, [N,classes], to be filled before
  /// `backward`.
  float* logit_gradient();
  /// Overwrites the gradients of all trainable tensors. @param x as in the last forward.
  void backward(const float* x);

 private:
  explicit MlpEngine(const Network& network);
  void reserve(std::int64_t images);

  std::vector<std::unique_ptr<MlpLayer>> layers_;
  std::size_t first_trainable_ = 0;  ///< Index of the first layer with a gradient.
  std::int64_t widest_ = 0;          ///< Most numbers of an image between two layers.
  bool can_train_ = false;
  std::int64_t images_ = 0;    ///< Of the last forward.
  std::int64_t capacity_ = 0;  ///< Images that the memory is allocated for.
  torch::Tensor gradients_;    ///< [2, capacity, widest]: gradients of a layer's output and input.
};

}  // namespace svhn::network
