#pragma once
/// Shapes and tensors of a network's nodes, and why a layer cannot be built. C, H, W = channels, height,
/// width; F = features. Shapes exclude the batch: [C,H,W] or [F].

#include <cstdint>
#include <string>
#include <vector>

namespace svhn::model {

using Shape = std::vector<std::int64_t>;

/// Role of a tensor in its node; selects its initial values and whether penalties apply.
enum class TensorRole { kernel, bias, gamma, beta, running_mean, running_var };

/// @returns whether a tensor of this role holds running statistics of a batch norm, which are never trained.
constexpr bool is_running_statistic(TensorRole role) {
  return role == TensorRole::running_mean || role == TensorRole::running_var;
}

/// One tensor of a node, in PyTorch's layout: convolution [out,in/groups,kh,kw], dense [out,in], others [C]
/// or [F].
struct TensorPlan {
  std::string name;  ///< `<node>.<weight|bias|running_mean|running_var>`; gamma is a weight, beta a bias.
  Shape shape;
  TensorRole role = TensorRole::kernel;
  bool trainable = false;  ///< False for running statistics and for a frozen layer.
  double l1 = 0.0;         ///< Factor of sum|w| in the loss; kernels only.
  double l2 = 0.0;         ///< Factor of sum(w^2) in the loss; kernels only.
};

/// Why a layer cannot be built; false in a condition where it can.
struct LayerError {
  std::string problem;  ///< "": no error.
  std::string hint;

  explicit operator bool() const { return !problem.empty(); }
};

/// Largest number of elements in a layer's output for one image.
inline constexpr std::int64_t kMaxActivations = std::int64_t{1} << 28;
/// Largest number of elements in all tensors of a network.
inline constexpr std::int64_t kMaxParameters = std::int64_t{1} << 31;
/// Largest size of one dimension; products are checked on their own.
inline constexpr std::int64_t kMaxSize = std::int64_t{1} << 31;

/// @param shape sizes whose product fits in 63 bits.
/// @returns the product of the sizes.
std::int64_t element_count(const Shape& shape);

/// @returns the shape as in "[32,16,16]".
std::string shape_text(const Shape& shape);

/// @returns whether every size is at least 1 and their product at most `bound`, without overflow.
bool fits_bound(const Shape& shape, std::int64_t bound);

}  // namespace svhn::model
