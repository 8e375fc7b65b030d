#pragma once
/// SVHN_VECTOR_CLONES before a function compiles it once more for each wide instruction set; the processor's
/// is chosen when the program starts. For loops that a compiler vectorises well, but only for such sets.
/// SVHN_INLINE before what such a function calls, and SVHN_INLINE_LAMBDA behind a lambda's parameters: a call
/// would leave the instruction set.
///
/// Where the loop itself depends on the width of registers, a function for each set, chosen by `runs_v4` and
/// `runs_v3`: SVHN_X86_TARGETS tells whether [[gnu::target("arch=x86-64-v4")]] can be compiled at all.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SVHN_X86_TARGETS 1
#define SVHN_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SVHN_X86_TARGETS 0
#define SVHN_VECTOR_CLONES
#endif

#define SVHN_INLINE [[gnu::always_inline]] inline
#define SVHN_INLINE_LAMBDA __attribute__((always_inline))

namespace svhn::core {

#if SVHN_X86_TARGETS
/// @returns whether this processor runs x86-64-v4: AVX-512 F, BW, CD, DQ, VL.
inline bool runs_v4() {
  return __builtin_cpu_supports("x86-64-v4") != 0;
}

/// @returns whether it runs x86-64-v3: AVX2, FMA.
inline bool runs_v3() {
  return __builtin_cpu_supports("x86-64-v3") != 0;
}
#endif

}  // namespace svhn::core
