#include "kernels/winograd/table.h"

namespace svhn::kernels {
namespace {

template <int Width>
struct FloatLanes : Registers<Width> {
  using Word = float;
  using Lane = typename Registers<Width>::Lane;
  static constexpr int kPack = 1;

  SVHN_INLINE static void load(const float* from, Lane& lane) { lane = Registers<Width>::at(from); }
  SVHN_INLINE static void store(const Lane& lane, float* to) { Registers<Width>::at(to) = lane; }
  /// Spelled so that GCC 12 makes one instruction of it.
  SVHN_INLINE static void spread(const float& word, Lane& lane) { lane = Lane{} + word; }
  SVHN_INLINE static void multiply_add(const Lane& a, const Lane& b, Lane& sum) { sum += a * b; }
};

#if SVHN_X86_TARGETS
SVHN_WINOGRAD_KERNELS(Avx512, [[gnu::target("arch=x86-64-v4")]], FloatLanes<16>, float, 12, 2)
SVHN_WINOGRAD_KERNELS(Avx2, [[gnu::target("arch=x86-64-v3")]], FloatLanes<8>, float, 4, 2)
#endif
SVHN_WINOGRAD_KERNELS(Plain, , FloatLanes<4>, float, 4, 2)

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
