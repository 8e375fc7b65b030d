#include "network/fold.h"

#include <algorithm>
#include <map>
#include <utility>

namespace svhn::network {
namespace {

using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

/// @returns whether the affine map is increasing, so that max pooling commutes with it.
bool keeps_order(const Affine& affine) {
  return affine.scale.ge(0.0).all().item().toBool();
}

bool has_shift(const Affine& affine) {
  return affine.shift.ne(0.0).any().item().toBool();
}

template <class Spec>
const Spec* as(const model::LayerPlan& layer) {
  return std::get_if<Spec>(&layer.layer.kind);
}

/// @returns whether the layer does nothing in inference.
bool is_identity(const model::LayerPlan& layer) {
  const auto* activation = as<model::ActivationSpec>(layer);
  return as<model::DropoutSpec>(layer) != nullptr ||
         (activation != nullptr && activation->activation == model::Activation::linear);
}

/// @returns whether each output is a mean of inputs of its channel, with weights that add up to 1.
bool is_mean(const model::LayerPlan& layer) {
  return as<model::AveragePool2dSpec>(layer) != nullptr ||
         as<model::GlobalAveragePoolSpec>(layer) != nullptr || as<model::ResizeSpec>(layer) != nullptr;
}

/// @returns whether `layer(a x + b)` is `a layer(x) + b`.
bool commutes(const model::LayerPlan& layer, const Affine& affine) {
  if (is_identity(layer) || is_mean(layer)) return true;
  return as<model::MaxPool2dSpec>(layer) != nullptr && keeps_order(affine);
}

bool pads(const model::LayerPlan& layer, const model::Conv2dSpec& spec) {
  if (spec.padding == model::Padding::valid) return false;
  const auto padded = [&](std::size_t axis) {
    return (layer.output[axis] - 1) * spec.stride + spec.kernel > layer.input[axis];
  };
  return padded(1) || padded(2);
}

/// The layers of a network and their tensors while batch norms are folded.
class BatchNormFolder {
 public:
  explicit BatchNormFolder(const Network& network) : layers_(network.plan().layers) {
    for (const auto& item : network.tensors()) tensors_[item.name] = item.tensor.detach();
  }

  void fold_all() {
    for (std::size_t i = 0; i < layers_.size();) {
      const auto* norm = as<model::BatchNormSpec>(layers_[i]);
      if (norm != nullptr && fold(i, affine_of_norm(layers_[i], norm->epsilon))) {
        folded_.push_back(layers_[i].layer.name);
        layers_.erase(layers_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    for (std::size_t i = layers_.size(); i-- > 0;) {
      if (const auto* norm = as<model::BatchNormSpec>(layers_[i])) {
        move_behind_pooling(i, affine_of_norm(layers_[i], norm->epsilon));
      }
    }
  }

  [[nodiscard]] bool changed() const { return !folded_.empty() || !moved_.empty(); }

  [[nodiscard]] Folded build(const Network& network) const {
    model::ModelSpec spec;
    for (const model::LayerPlan& layer : layers_) spec.layers.push_back(layer.layer);
    const auto dtype =
        network.tensors().empty() ? torch::kFloat32 : network.tensors()[0].tensor.scalar_type();
    Network result(
        model::plan_network(spec, network.input_shape(), {.outputs = 0, .code = core::ExitCode::bug}), 0,
        BatchNormVariance::keras, dtype);
    const torch::NoGradGuard no_grad;
    for (const auto& item : result.tensors()) item.tensor.detach().copy_(tensors_.at(item.name));
    result.to(network.device());
    return {std::move(result), folded_, moved_};
  }

 private:
  [[nodiscard]] const Tensor& tensor(const model::LayerPlan& layer, const char* role) const {
    return tensors_.at(layer.layer.name + "." + role);
  }

  [[nodiscard]] Affine affine_of_norm(const model::LayerPlan& layer, double epsilon) const {
    return affine_of({tensor(layer, "weight"), tensor(layer, "bias"), tensor(layer, "running_mean"),
                      tensor(layer, "running_var")},
                     epsilon);
  }

  bool fold(std::size_t i, const Affine& affine) {
    return fold_backward(i, affine) || fold_forward(i, affine);
  }

  bool fold_backward(std::size_t i, const Affine& affine) {
    std::size_t at = i;
    while (at > 0 && commutes(layers_[at - 1], affine)) --at;
    if (at == 0) return false;
    model::LayerPlan& target = layers_[at - 1];
    auto* dense = std::get_if<model::DenseSpec>(&target.layer.kind);
    auto* conv = std::get_if<model::Conv2dSpec>(&target.layer.kind);
    if (dense != nullptr && dense->activation == model::Activation::linear) {
      change_output(target, affine);
      dense->use_bias = true;
      return true;
    }
    if (conv == nullptr || conv->activation != model::Activation::linear) return false;
    change_output(target, affine);
    conv->use_bias = true;
    return true;
  }

  bool fold_forward(std::size_t i, const Affine& affine) {
    const auto passes = [&](const model::LayerPlan& layer) {
      return commutes(layer, affine) || as<model::FlattenSpec>(layer) != nullptr;
    };
    std::size_t at = i + 1;
    while (at < layers_.size() && passes(layers_[at])) ++at;
    if (at == layers_.size()) return false;
    model::LayerPlan& target = layers_[at];
    if (auto* dense = std::get_if<model::DenseSpec>(&target.layer.kind)) {
      change_input(target, affine);
      dense->use_bias = true;
      return true;
    }
    auto* conv = std::get_if<model::Conv2dSpec>(&target.layer.kind);
    if (conv == nullptr || (pads(target, *conv) && has_shift(affine))) return false;
    change_input(target, affine);
    conv->use_bias = true;
    return true;
  }

  /// @returns the layer's bias, zeros where it has none.
  [[nodiscard]] Tensor bias_or_zeros(const model::LayerPlan& layer) const {
    const std::string name = layer.layer.name + ".bias";
    return tensors_.contains(name) ? to_float64(tensors_.at(name))
                                   : at::zeros(layer.output[0], torch::kFloat64);
  }

  /// W -> a W, c -> a c + b.
  void change_output(const model::LayerPlan& layer, const Affine& affine) {
    const std::string& name = layer.layer.name;
    tensors_[name + ".bias"] = bias_or_zeros(layer) * affine.scale + affine.shift;
    tensors_[name + ".weight"] = scale_outputs(to_float64(tensor(layer, "weight")), affine);
  }

  /// W -> W a, c -> c + W b, summed over the weights of a channel.
  void change_input(const model::LayerPlan& layer, const Affine& affine) {
    const std::string& name = layer.layer.name;
    const Tensor weight = to_float64(tensor(layer, "weight"));
    // Flatten is channels first, so a channel's features are contiguous.
    const Tensor grouped = weight.reshape({weight.size(0), affine.scale.size(0), -1});
    tensors_[name + ".bias"] = bias_or_zeros(layer) + at::matmul(grouped.sum(2), affine.shift);
    tensors_[name + ".weight"] = (grouped * affine.scale.view({1, -1, 1})).view(weight.sizes());
  }

  /// Behind a pooling there are fewer numbers to normalise.
  void move_behind_pooling(std::size_t i, const Affine& affine) {
    std::size_t last = i;
    for (std::size_t at = i + 1; at < layers_.size() && commutes(layers_[at], affine); ++at) {
      if (as<model::ResizeSpec>(layers_[at]) != nullptr) break;
      if (!is_identity(layers_[at])) last = at;
    }
    if (last == i) return;
    moved_.push_back(layers_[i].layer.name);
    const auto from = layers_.begin() + static_cast<std::ptrdiff_t>(i);
    std::rotate(from, from + 1, layers_.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  }

  std::vector<model::LayerPlan> layers_;  // Shapes are valid for all but the moved batch norms.
  Tensors tensors_;
  std::vector<std::string> folded_;
  std::vector<std::string> moved_;
};

}  // namespace

Tensor to_float64(const Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kFloat64);
}

Affine affine_of(const NormTensors& norm, double epsilon) {
  Tensor scale = (to_float64(norm.variance) + epsilon).rsqrt();
  if (norm.weight.defined()) scale = scale * to_float64(norm.weight);
  return {scale, to_float64(norm.bias) - to_float64(norm.mean) * scale};
}

Tensor scale_outputs(const Tensor& weight, const Affine& affine) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(weight.dim()), 1);
  rows[0] = -1;
  return weight * affine.scale.view(rows);
}

Folded fold_batch_norm(Network network) {
  BatchNormFolder folder(network);
  folder.fold_all();
  Folded result = folder.changed() ? folder.build(network) : Folded{std::move(network), {}, {}};
  const auto inside = result.network.fold_backbones();
  result.folded.insert(result.folded.end(), inside.begin(), inside.end());
  return result;
}

}  // namespace svhn::network
