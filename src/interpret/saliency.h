#pragma once
/// Saliency maps: the contribution of pixels to the logit of a class. C, H, W = channels, height, width of
/// the network's input; F(x) is the logit of the class.

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "network/network.h"

namespace svhn::interpret {

/// The baseline of integrated gradients and occlusion: each channel is constant, at its mean over the image.
/// @param image [1,C,H,W]. @returns the same shape.
torch::Tensor flat_baseline(const torch::Tensor& image);

/// @returns the target of Grad-CAM: the output of the last convolution, or of the layer that holds it if it
/// is inside a backbone; nothing without a convolution whose output is an image.
std::optional<model::NodeId> last_convolution(const model::Graph& graph);

/// Grad-CAM: relu(sum over k of a_k A_k), where A is the layer's output and a_k the mean of dF / dA_k over
/// all pixels; upsampled to the image size (bilinear).
/// @param image f32 [1,C,H,W] on the network's device. @param node a node whose output is [K,h,w].
/// @returns f32 [H,W] on the CPU, at least 0.
/// @see Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
/// ICCV 2017, equations 1 and 2
torch::Tensor grad_cam(network::Network& network, const torch::Tensor& image, model::NodeId node,
                       std::int64_t class_index);

struct Attribution {
  torch::Tensor map;      ///< f32 [C,H,W] on the CPU: each pixel's share of F(image) - F(baseline).
  double image = 0.0;     ///< F(image).
  double baseline = 0.0;  ///< F(baseline).
  /// @returns the sum of `map` minus (F(image) - F(baseline)), 0 for an exact attribution.
  [[nodiscard]] double gap() const;
};

/// Integrated gradients along the straight line from a baseline to the image, by the midpoint rule.
/// @param image,baseline f32 [1,C,H,W] on the network's device. @param steps 1 or more.
/// @see Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, section 3 (the
/// method) and proposition 1 (completeness)
Attribution integrated_gradients(network::Network& network, const torch::Tensor& image,
                                 const torch::Tensor& baseline, std::int64_t class_index,
                                 std::int64_t steps = 128);

/// The sliding window of `occlusion`, in pixels.
struct OcclusionWindow {
  std::int64_t side = 6;
  std::int64_t stride = 2;
};

/// Occlusion: the decrease of F when a square window is replaced by the baseline, averaged over the windows
/// that cover a pixel.
/// @param image,baseline f32 [1,C,H,W] on the network's device.
/// @returns f32 [H,W] on the CPU; below 0 where the occlusion increases F.
/// @see Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2
torch::Tensor occlusion(network::Network& network, const torch::Tensor& image, const torch::Tensor& baseline,
                        std::int64_t class_index, const OcclusionWindow& window = {});

}  // namespace svhn::interpret
