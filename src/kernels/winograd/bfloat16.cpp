#include "kernels/winograd/table.h"

#if SVHN_X86_TARGETS

namespace svhn::kernels {
namespace {

/// AVX512_BF16. In assembly, since an intrinsic can only be inlined into functions of its own instruction
/// set, and the loops are templates for all of them.
struct BFloat16Simd : Registers<16> {
  using Word = std::uint32_t;
  using Half = std::uint16_t __attribute__((vector_size(32), aligned(2), may_alias));
  static constexpr int kPack = 2;

  SVHN_INLINE static void load(const std::uint16_t* from, Vector& vector) {
    asm("vpmovzxwd %1, %0\n\tvpslld $16, %0, %0" : "=v"(vector) : "m"(*reinterpret_cast<const Half*>(from)));
  }
  SVHN_INLINE static void store(const Vector& vector, std::uint16_t* to) {
    Half rounded;
    asm("vcvtneps2bf16 %1, %0" : "=v"(rounded) : "v"(vector));
    *reinterpret_cast<Half*>(to) = rounded;
  }
  /// Interleaves the numbers of `even` and `odd`.
  SVHN_INLINE static void store_words(const Vector& even, const Vector& odd, std::uint32_t* to) {
    using Words = std::uint32_t __attribute__((vector_size(64), aligned(4), may_alias));
    Vector low, high;
    asm("vcvtneps2bf16 %1, %t0\n\tvpmovzxwd %t0, %0" : "=v"(low) : "v"(even));
    asm("vcvtneps2bf16 %1, %t0\n\tvpmovzxwd %t0, %0\n\tvpslld $16, %0, %0" : "=v"(high) : "v"(odd));
    *reinterpret_cast<Words*>(to) =
        reinterpret_cast<const Words&>(low) | reinterpret_cast<const Words&>(high);
  }
  SVHN_INLINE static void spread(const std::uint32_t& word, Vector& vector) {
    asm("vpbroadcastd %1, %0" : "=v"(vector) : "m"(word));
  }
  SVHN_INLINE static void multiply_add(const Vector& a, const Vector& b, Vector& sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  }
};

SVHN_WINOGRAD_KERNELS(Avx512BFloat16, [[gnu::target("arch=x86-64-v4,avx512bf16")]], BFloat16Simd,
                      std::uint16_t, 12, 2)

}  // namespace

template <>
const WinogradKernels<std::uint16_t>* winograd_kernels<std::uint16_t>() {
  static const bool known = core::runs_v4() && __builtin_cpu_supports("avx512bf16") != 0;
  return known ? &Avx512BFloat16::kTable : nullptr;
}

}  // namespace svhn::kernels

#else

template <>
const svhn::kernels::WinogradKernels<std::uint16_t>* svhn::kernels::winograd_kernels<std::uint16_t>() {
  return nullptr;
}

#endif
