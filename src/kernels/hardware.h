#pragma once
/// Threads, processor features, BLAS library, device and precision of this machine.

#include <torch/types.h>

#include <string>
#include <vector>

#include "core/precision.h"

namespace svhn::kernels {

using core::Precision;
using core::precision_name;

/// Sets LibTorch's thread count. @param threads 0 means `core::available_cores()` (LibTorch's own default may
/// be 1).
/// @returns the count in use. @throws core::Error(usage) below 0 or above 1024.
int set_threads(int threads);

/// Makes OpenBLAS allocate the buffers that products of `threads` threads at a time need (some 100 MB of
/// address space each), which it keeps. Where there is no memory for them OpenBLAS asks again without an end,
/// here or in the middle of a product. Nothing with another BLAS.
void reserve_blas_buffers(int threads);

/// @returns which of these features the processor has: avx2 fma avx512f avx512_bf16 amx_tile amx_bf16 neon.
std::vector<std::string> cpu_features();

/// @returns bfloat16 where the device supports it natively: a processor with AMX or AVX512_BF16, or a CUDA
/// device of compute capability 8.0 up; else float32, since emulated bfloat16 is many times slower.
Precision automatic_precision(const torch::Device& device);

/// @param text auto, cpu, cuda or cuda:INDEX. auto is CUDA where LibTorch sees a device, else the processor.
/// @throws core::Error(usage) for another text, core::Error(device) when CUDA is requested and not usable.
torch::Device choose_device(const std::string& text);

struct BlasInfo {
  std::string name;        ///< E.g. "OpenBLAS", "MKL", "reference".
  bool reference = false;  ///< The slow reference implementation, Debian's default.
};
/// @returns the BLAS library that this process has loaded.
BlasInfo loaded_blas();

/// Makes the allocator keep freed memory for the next step's tensors, instead of returning it to the kernel.
void keep_memory();

/// Selects deterministic algorithms (cuDNN).
void make_deterministic();

}  // namespace svhn::kernels
