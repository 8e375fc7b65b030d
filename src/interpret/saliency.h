#pragma once
/// Which pixels and which parts of a picture speak for a class. C, H, W = channels, height, width of the
/// network's input; F(x) is the logit of the class that is asked for.

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "network/network.h"

namespace svhn::interpret {

/// What a picture would be without a digit: each channel everywhere at its own mean.
/// @param image [1,C,H,W]. @returns the same shape.
torch::Tensor flat_baseline(const torch::Tensor& image);

/// @returns the last convolution (or backbone) of a network, where Grad-CAM looks, or nothing.
std::optional<std::size_t> last_convolution(const model::NetworkPlan& plan);

/// Grad-CAM: relu(sum over k of a_k A_k), where A is the layer's output and a_k the mean over all places of
/// dF / dA_k; enlarged to the picture (bilinear).
/// @param image f32 [1,C,H,W] on the network's device. @param layer one whose output is [K,h,w].
/// @returns f32 [H,W] on the processor, 0 and more.
/// @see Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
/// ICCV 2017, equations 1 and 2
torch::Tensor grad_cam(network::Network& network, const torch::Tensor& image, std::size_t layer,
                       std::int64_t class_index);

struct Attribution {
  torch::Tensor map;      ///< f32 [C,H,W] on the processor: each number's part of F(image) - F(baseline).
  double image = 0.0;     ///< F of the picture.
  double baseline = 0.0;  ///< F of the baseline.
  /// @returns how far the parts are from adding up to the whole, F(image) - F(baseline).
  [[nodiscard]] double gap() const;
};

/// Integrated gradients along the straight way from a baseline to the picture, by the midpoint rule.
/// @param image,baseline f32 [1,C,H,W] on the network's device. @param steps 1 or more.
/// @see Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, section 3 (the
/// method) and proposition 1 (the parts add up: completeness)
Attribution integrated_gradients(network::Network& network, const torch::Tensor& image,
                                 const torch::Tensor& baseline, std::int64_t class_index,
                                 std::int64_t steps = 128);

struct OcclusionWindow {
  std::int64_t side = 6;
  std::int64_t stride = 2;
};

/// How far F falls when a square is covered by the baseline: the mean over all squares that cover a pixel.
/// @returns f32 [H,W] on the processor; below 0 where covering speaks for the class.
/// @see Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2
torch::Tensor occlusion(network::Network& network, const torch::Tensor& image, const torch::Tensor& baseline,
                        std::int64_t class_index, const OcclusionWindow& window = {});

}  // namespace svhn::interpret
