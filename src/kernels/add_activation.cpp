#include "kernels/add_activation.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/error.h"
#include "core/vector_clones.h"
#include "kernels/activation.h"
#include "kernels/bfloat16.h"
#include "kernels/tensor_memory.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Numbers that a thread takes at a time. A multiple of every vector's width: which numbers are the rest of a
/// loop, and may be rounded differently, does not depend on the threads.
constexpr std::int64_t kAddBlock = 4096;

// y may be a, so no __restrict; ivdep spares the check for it, at which the compiler would go number by
// number.
template <BlockActivation A, class T>
SVHN_INLINE void add_and_activate_as(const T* a, const T* b, T* y, std::int64_t count) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) store(activation_value<A>(to_float(a[i]) + to_float(b[i])), y[i]);
}

template <BlockActivation A, class T>
SVHN_INLINE void sum_gradient_as(const T* __restrict dy, const T* __restrict y, T* __restrict dx,
                                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    store(activation_gradient<A>(to_float(dy[i]), to_float(y[i])), dx[i]);
}

SVHN_VECTOR_CLONES
void add_and_activate(BlockActivation activation, const float* a, const float* b, float* y,
                      std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, add_and_activate_as, a, b, y, count);
}

SVHN_VECTOR_CLONES
void add_and_activate(BlockActivation activation, const std::uint16_t* a, const std::uint16_t* b,
                      std::uint16_t* y, std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, add_and_activate_as, a, b, y, count);
}

SVHN_VECTOR_CLONES
void sum_gradient(BlockActivation activation, const float* dy, const float* y, float* dx,
                  std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, sum_gradient_as, dy, y, dx, count);
}

SVHN_VECTOR_CLONES
void sum_gradient(BlockActivation activation, const std::uint16_t* dy, const std::uint16_t* y,
                  std::uint16_t* dx, std::int64_t count) {
  SVHN_FOR_EACH_ACTIVATION(activation, sum_gradient_as, dy, y, dx, count);
}

/// Calls `work` with (first, count) for parts of [0, count).
template <class Work>
void for_each_block(std::int64_t count, const Work& work) {
  const std::int64_t blocks = (count + kAddBlock - 1) / kAddBlock;
  at::parallel_for(0, blocks, kGrainSize / kAddBlock, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * kAddBlock;
    work(first, std::min(count, end * kAddBlock) - first);
  });
}

bool same_order(const Tensor& a, const Tensor& b) {
  for (std::int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) != 1 && a.stride(i) != b.stride(i)) return false;
  }
  return true;
}

/// @param like dense. @returns x in the memory order of `like`.
Tensor in_order_of(const Tensor& like, const Tensor& x) {
  return same_order(like, x) ? x : at::empty_like(like).copy_(x);
}

bool is_reusable(const Tensor& a, const Tensor& b) {
  return a.is_non_overlapping_and_dense() && !a.is_view() && !a.is_alias_of(b);
}

/// @returns the sum's activation; a itself if its memory has been taken.
Tensor add_forward(const Tensor& a, const Tensor& b, BlockActivation activation, bool reuse_a) {
  const Tensor first = a.is_non_overlapping_and_dense() ? a : a.contiguous();
  const Tensor second = in_order_of(first, b);
  const Tensor y = reuse_a && is_reusable(a, b) ? a : at::empty_like(first);
  with_type(y, [&](auto type) {
    using T = decltype(type);
    const T *from = numbers_in<T>(first), *other = numbers_in<T>(second);
    T* to = numbers_in<T>(y);
    for_each_block(y.numel(), [&](std::int64_t i, std::int64_t count) {
      add_and_activate(activation, from + i, other + i, to + i, count);
    });
  });
  return y;
}

Tensor add_backward(const Tensor& gradient, const Tensor& y, BlockActivation activation) {
  const Tensor dy = in_order_of(y, gradient), dx = at::empty_like(y);
  with_type(y, [&](auto type) {
    using T = decltype(type);
    const T *from = numbers_in<T>(dy), *output = numbers_in<T>(y);
    T* to = numbers_in<T>(dx);
    for_each_block(y.numel(), [&](std::int64_t i, std::int64_t count) {
      sum_gradient(activation, from + i, output + i, to + i, count);
    });
  });
  return dx;
}

struct AddActivationFunction : torch::autograd::Function<AddActivationFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b,
                        BlockActivation activation, bool reuse_a) {
    Tensor y = add_forward(a, b, activation, reuse_a);
    if (y.is_same(a)) context->mark_dirty({a});
    if (activation != BlockActivation::linear) context->save_for_backward({y});
    context->saved_data["activation"] = static_cast<std::int64_t>(activation);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto activation = static_cast<BlockActivation>(context->saved_data["activation"].toInt());
    Tensor dx = gradients[0];
    if (activation != BlockActivation::linear)
      dx = add_backward(dx, context->get_saved_variables()[0], activation);
    return {dx, dx, Tensor(), Tensor()};
  }
};

}  // namespace

bool add_activation_supports(const Tensor& a, const Tensor& b) {
  const bool type = a.scalar_type() == torch::kFloat32 || a.scalar_type() == torch::kBFloat16;
  const bool memory =
      a.device().is_cpu() && b.device().is_cpu() && a.layout() == at::kStrided && b.layout() == at::kStrided;
  return type && memory && a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
}

Tensor add_activation(const Tensor& a, const Tensor& b, BlockActivation activation, bool reuse_a) {
  if (!add_activation_supports(a, b))
    throw core::Error(core::ExitCode::bug, "add_activation does not take these tensors");
  if (at::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad()))
    return AddActivationFunction::apply(a, b, activation, reuse_a);
  Tensor y = add_forward(a, b, activation, reuse_a);
  if (y.is_same(a)) torch::autograd::impl::bump_version(y);
  return y;
}

}  // namespace svhn::kernels
