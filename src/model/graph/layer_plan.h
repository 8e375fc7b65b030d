#pragma once
/// Shapes, tensors and bounds of one layer, without LibTorch. C, H, W = channels, height, width; F =
/// features. Shapes exclude the batch: [C,H,W] or [F].

#include <cstdint>
#include <string>
#include <vector>

#include "model/graph/spec.h"

namespace svhn::model {

using Shape = std::vector<std::int64_t>;

/// What a tensor is for; it decides how it starts and whether penalties apply.
enum class TensorRole { kernel, bias, gamma, beta, running_mean, running_var };

/// One tensor of a layer, in PyTorch's layout: convolution [out,in,kh,kw], dense [out,in], the others [C] or
/// [F].
struct TensorPlan {
  std::string name;  ///< `<layer>.<weight|bias|running_mean|running_var>`; gamma is a weight, beta a bias.
  Shape shape;
  TensorRole role = TensorRole::kernel;
  bool trainable = false;  ///< Running statistics and the tensors of a frozen layer are not.
  double l1 = 0.0;         ///< Penalties of kernels.
  double l2 = 0.0;
};

struct LayerPlan {
  LayerSpec layer;  ///< With its name filled in.
  Shape input;
  Shape output;
  std::vector<TensorPlan> tensors;  ///< weight, bias, running_mean, running_var, those that it has.
};

/// Why a layer cannot be built; no fault when `problem` is empty.
struct Fault {
  std::string problem;
  std::string hint;
};

/// Bounds beyond which a description is taken for a mistake.
inline constexpr std::int64_t kMaxActivations = std::int64_t{1}
                                                << 28;  ///< Numbers in a layer's output for one image.
inline constexpr std::int64_t kMaxParameters = std::int64_t{1} << 31;  ///< Numbers in all tensors.

/// @returns the product of the sizes. @param shape one whose product is known to fit.
std::int64_t element_count(const Shape& shape);

/// @returns the numbers in all tensors of a layer.
std::int64_t parameter_count(const LayerPlan& layer);

/// @returns "[32,16,16]".
std::string shape_text(const Shape& shape);

/// @returns whether every size is at least 1 and their product at most `bound`; safe from overflow.
bool fits_bound(const Shape& shape, std::int64_t bound);

}  // namespace svhn::model
