#pragma once
/// The table of all ops: what a layer of a config or a node of a graph may be. A new op is one header here,
/// one line below, and its forward function in network/ops/.

#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "model/ops/activations.h"
#include "model/ops/backbone.h"
#include "model/ops/convolution.h"
#include "model/ops/dense.h"
#include "model/ops/merging.h"
#include "model/ops/normalization.h"
#include "model/ops/pooling.h"
#include "model/ops/shape_ops.h"

namespace svhn::model {

using Operation = std::variant<  //
    FlattenOp, ReshapeOp, DenseOp, Conv2dOp, BatchNormOp, MaxPool2dOp, AveragePool2dOp, GlobalAveragePoolOp,
    DropoutOp, ActivationOp, ResizeOp, BackboneSpec, AddOp, ConcatOp, LeakyReluOp, PreluOp, DepthwiseConv2dOp,
    SeparableConv2dOp, ZeroPad2dOp, Crop2dOp, GlobalMaxPoolOp, LayerNormOp, RescaleOp, NormalizeOp, InputOp,
    ImagenetInputOp, ScriptOp>;

namespace detail {
template <std::size_t... I>
constexpr auto op_infos(std::index_sequence<I...>) {
  return std::array<OpInfo, sizeof...(I)>{std::variant_alternative_t<I, Operation>::kInfo...};
}
}  // namespace detail

/// The facts of every op, in the order of the variant.
inline constexpr auto kOpInfos = detail::op_infos(std::make_index_sequence<std::variant_size_v<Operation>>{});

constexpr const OpInfo& op_info(const Operation& op) {
  return kOpInfos[op.index()];
}

/// @returns the JSON "type" of an op: "flatten", "dense", "conv2d" …
constexpr std::string_view type_name(const Operation& op) {
  return op_info(op).type;
}

/// @returns an op of the same index with its defaults.
Operation default_op(std::size_t index);

/// @returns the activation that an op applies to its result; linear where it has none.
Activation activation_of(const Operation& op);

/// Sets the activation of an op that has one.
void set_activation(Operation& op, Activation activation);

/// Removes the activation that an op applies to its result. @returns the activation.
Activation take_activation(Operation& op);

}  // namespace svhn::model
