#include "model/ops/operation.h"

namespace svhn::model {
namespace {

template <std::size_t... I>
Operation make_default(std::size_t index, std::index_sequence<I...>) {
  constexpr std::array<Operation (*)(), sizeof...(I)> kMake{
      [] { return Operation(std::in_place_index<I>); }...};
  return kMake[index]();
}

template <class Op>
concept HasActivation = requires(Op op) {
  { op.activation } -> std::same_as<Activation&>;
};

}  // namespace

Operation default_op(std::size_t index) {
  return make_default(index, std::make_index_sequence<std::variant_size_v<Operation>>{});
}

Activation activation_of(const Operation& op) {
  Operation copy = op;
  return take_activation(copy);
}

void set_activation(Operation& op, Activation activation) {
  std::visit(
      [&](auto& own) {
        if constexpr (HasActivation<std::remove_reference_t<decltype(own)>>) own.activation = activation;
      },
      op);
}

Activation take_activation(Operation& op) {
  return std::visit(
      [](auto& own) {
        if constexpr (HasActivation<std::remove_reference_t<decltype(own)>>)
          return std::exchange(own.activation, Activation::linear);
        return Activation::linear;
      },
      op);
}

}  // namespace svhn::model
