#include "kernels/winograd/table.h"

namespace svhn::kernels {
namespace {

template <int Width>
struct FloatSimd : Registers<Width> {
  using Word = float;
  using Vector = typename Registers<Width>::Vector;
  static constexpr int kPack = 1;

  SVHN_INLINE static void load(const float* from, Vector& vector) { vector = Registers<Width>::at(from); }
  SVHN_INLINE static void store(const Vector& vector, float* to) { Registers<Width>::at(to) = vector; }
  /// Written so that GCC 12 emits one instruction.
  SVHN_INLINE static void spread(const float& word, Vector& vector) { vector = Vector{} + word; }
  SVHN_INLINE static void multiply_add(const Vector& a, const Vector& b, Vector& sum) { sum += a * b; }
};

#if SVHN_X86_TARGETS
SVHN_WINOGRAD_KERNELS(Avx512, [[gnu::target("arch=x86-64-v4")]], FloatSimd<16>, float, 12, 2)
SVHN_WINOGRAD_KERNELS(Avx2, [[gnu::target("arch=x86-64-v3")]], FloatSimd<8>, float, 4, 2)
#endif
SVHN_WINOGRAD_KERNELS(Plain, , FloatSimd<4>, float, 4, 2)

}  // namespace

std::vector<const WinogradKernels<float>*> float_winograd_kernels() {
  std::vector<const WinogradKernels<float>*> found;
#if SVHN_X86_TARGETS
  if (core::runs_v4()) found.push_back(&Avx512::kTable);
  if (core::runs_v3()) found.push_back(&Avx2::kTable);
#endif
  found.push_back(&Plain::kTable);
  return found;
}

template <>
const WinogradKernels<float>* winograd_kernels<float>() {
  static const WinogradKernels<float>* const kernels = float_winograd_kernels().front();
  return kernels;
}

}  // namespace svhn::kernels
