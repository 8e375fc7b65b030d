#pragma once
/// SVHN_VECTOR_CLONES before a function compiles it once more for each wide instruction set; the processor's
/// is chosen when the program starts. For loops that a compiler vectorises well, but only for such sets.
/// SVHN_INLINE before what such a function calls, and SVHN_INLINE_LAMBDA behind a lambda's parameters: a call
/// would leave the instruction set.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SVHN_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SVHN_VECTOR_CLONES
#endif

#define SVHN_INLINE [[gnu::always_inline]] inline
#define SVHN_INLINE_LAMBDA __attribute__((always_inline))
