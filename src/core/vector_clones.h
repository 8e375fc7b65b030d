#pragma once
/// Function multiversioning for x86-64. SVHN_VECTOR_CLONES before a function compiles one clone per wide
/// instruction set; the dynamic loader picks the clone for the processor at program start. Meant for loops
/// that the compiler vectorises well only for those sets. The functions that a clone calls need SVHN_INLINE,
/// and lambdas need SVHN_INLINE_LAMBDA behind their parameters: a real call would run code for the base set.
///
/// A loop that depends on the register width needs one function per set, chosen by `runs_v4` and `runs_v3`.
/// SVHN_X86_TARGETS is 1 where the compiler supports [[gnu::target("arch=x86-64-v4")]].

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

/// @returns whether this processor runs x86-64-v3: AVX2, FMA.
inline bool runs_v3() {
  return __builtin_cpu_supports("x86-64-v3") != 0;
}
#endif

}  // namespace svhn::core
