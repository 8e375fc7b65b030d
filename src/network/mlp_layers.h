#pragma once
/// The layers of a MlpEngine.

#include <memory>

#include "network/mlp_engine.h"

namespace svhn::network {

class MlpLayer {
 public:
  /// @param width numbers of an image that it gives.
  explicit MlpLayer(std::int64_t width) : width_(width) {}
  virtual ~MlpLayer() = default;

  /// @param x [N,...], this layer's input.
  virtual void forward(const float* x, std::int64_t images, const ForwardContext& context) = 0;
  /// Writes the gradients of its tensors. @param x as in forward. @param dy of the output; may be
  /// overwritten.
  /// @param dx filled; nullptr: not wanted.
  virtual void backward(const float* x, float* dy, float* dx, std::int64_t images) = 0;
  [[nodiscard]] virtual bool learns() const { return false; }
  [[nodiscard]] virtual bool is_parallel(std::int64_t /*images*/) const { return false; }

  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] float* output() const { return static_cast<float*>(output_.data_ptr()); }
  void reserve(std::int64_t images) { output_ = torch::empty({images, width_}, torch::kFloat32); }

 private:
  std::int64_t width_;
  torch::Tensor output_;  ///< Of the last forward.
};

/// Finds a layer's tensor by its role, as in make_layer.
/// @returns whether the layer can be part of a stack; then what it is made of is added to `layers` (nothing,
/// where it only changes the shape).
bool add_mlp_layers(const model::LayerPlan& plan, const FindTensor& tensor, BatchNormVariance variance,
                    std::vector<std::unique_ptr<MlpLayer>>& layers);

}  // namespace svhn::network
