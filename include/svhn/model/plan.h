#pragma once
/// What a described network is for a given input: every layer's shapes and every tensor it owns, without
/// LibTorch. C, H, W = channels, height, width; F = features. Shapes exclude the batch: [C,H,W] or [F].

#include <cstdint>
#include <string>
#include <vector>

#include "svhn/core/error.h"
#include "svhn/model/spec.h"

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

/// Numbers in all tensors, counted as Keras' summary does: running statistics are not trainable.
struct ParameterCounts {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
  std::int64_t non_trainable = 0;
};

struct NetworkPlan {
  Shape input;  ///< C,H,W
  std::vector<LayerPlan> layers;
  ParameterCounts counts;
};

/// Bounds beyond which a description is taken for a mistake.
inline constexpr std::int64_t kMaxActivations = std::int64_t{1}
                                                << 28;  ///< Numbers in a layer's output for one image.
inline constexpr std::int64_t kMaxParameters = std::int64_t{1} << 31;  ///< Numbers in all tensors.

struct PlanRules {
  std::int64_t outputs = 10;  ///< Numbers the last layer must give; 0: any shape.
  core::ExitCode code = core::ExitCode::config;
};

/// Works out a network. Names are filled in as `name_layers` does. Windows and strides as in Keras: `valid`
/// gives floor((side - window) / stride) + 1, `same` gives ceil(side / stride). Softmax stands in the last
/// layer only, where it is for reading: the network returns logits.
/// @param input C,H,W, each at least 1.
/// @throws core::Error(rules.code) that names layer and shapes: a layer that does not take its input, a
/// window larger than the input, sizes that are not positive or beyond the bounds, names twice or illegal, a
/// softmax before the end, a last layer that does not give `rules.outputs` numbers.
NetworkPlan plan_network(const ModelSpec& spec, const Shape& input, const PlanRules& rules = {});

/// @returns the product of the sizes. @param shape one whose product is known to fit.
std::int64_t element_count(const Shape& shape);

/// @returns the numbers in all tensors of a layer.
std::int64_t parameter_count(const LayerPlan& layer);

/// @returns "[32,16,16]".
std::string shape_text(const Shape& shape);

}  // namespace svhn::model
