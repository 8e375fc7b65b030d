#include "kernels/hardware.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <omp.h>
#include <torch/cuda.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "core/cores.h"
#include "core/error.h"

namespace svhn::kernels {
namespace {

using core::Error;
using core::ExitCode;

constexpr int kMaxThreads = 1024;

#if defined(__x86_64__)
bool has_amx(unsigned bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  // CPUID leaf 7, EDX: bit 22 amx-bf16, bit 24 amx-tile (Intel SDM, volume 2A, CPUID).
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && ((d >> bit) & 1U) != 0;
}

std::vector<std::string> processor_features() {
  constexpr unsigned kAmxBf16 = 22, kAmxTile = 24;
  std::vector<std::string> features;
  const auto add = [&](bool present, const char* name) {
    if (present) features.emplace_back(name);
  };
  __builtin_cpu_init();
  add(__builtin_cpu_supports("avx2") != 0, "avx2");
  add(__builtin_cpu_supports("fma") != 0, "fma");
  add(__builtin_cpu_supports("avx512f") != 0, "avx512f");
  add(__builtin_cpu_supports("avx512bf16") != 0, "avx512_bf16");
  add(has_amx(kAmxTile), "amx_tile");
  add(has_amx(kAmxBf16), "amx_bf16");
  return features;
}
#else
std::vector<std::string> processor_features() {
  return {"neon"};
}
#endif

torch::Device cuda_device(int index) {
  if (!torch::cuda::is_available()) {
    throw Error(ExitCode::device, "CUDA was asked for, but LibTorch sees no CUDA device",
                "use --device cpu, or build against a LibTorch with CUDA (see README)");
  }
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (index >= count) {
    throw Error(
        ExitCode::device,
        "there is no device cuda:" + std::to_string(index) + "; this machine has " + std::to_string(count),
        "use --device cuda:0");
  }
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

int visit_library(dl_phdr_info* info, std::size_t /*size*/, void* found) {
  // Debian's alternatives load every BLAS as libblas.so.3; only the folder of the real path names the
  // library.
  char resolved[PATH_MAX];
  if (info->dlpi_name == nullptr || ::realpath(info->dlpi_name, resolved) == nullptr) return 0;
  const std::filesystem::path file = resolved;
  const std::string path = (file.parent_path().filename() / file.filename()).string();
  auto& blas = *static_cast<BlasInfo*>(found);
  const auto has = [&](const char* part) { return path.find(part) != std::string::npos; };
  if (has("openblas")) blas = {"OpenBLAS", false};
  if (has("libmkl")) blas = {"MKL", false};
  if (has("blis")) blas = {"BLIS", false};
  if (has("atlas")) blas = {"ATLAS", false};
  if (path.starts_with("blas/libblas.so")) blas = {"reference", true};
  return 0;
}

}  // namespace

int set_threads(int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    throw Error(ExitCode::usage, "--threads is " + std::to_string(threads) + ", but must be 0 to 1024",
                "0 means all cores");
  }
  const int count = threads == 0 ? core::available_cores() : threads;
  at::set_num_threads(count);
  omp_set_num_threads(
      count);  // LibTorch from PyPI has its own OpenMP; this call sets that of this program's loops.
  // OpenBLAS has its own thread pool, which LibTorch does not resize.
  using SetThreads = void (*)(int);
  if (auto* set = reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(count);
  return at::get_num_threads();
}

void reserve_blas_buffers(int threads) {
  using Allocate = void* (*)(int);
  using Free = void (*)(void*);
  const auto allocate = reinterpret_cast<Allocate>(::dlsym(RTLD_DEFAULT, "blas_memory_alloc"));
  const auto free = reinterpret_cast<Free>(::dlsym(RTLD_DEFAULT, "blas_memory_free"));
  if (allocate == nullptr || free == nullptr) return;
  std::vector<void*> buffers;
  for (int i = 0; i < threads; ++i) buffers.push_back(allocate(0));
  for (void* buffer : buffers) free(buffer);
}

std::vector<std::string> cpu_features() {
  return processor_features();
}

Precision automatic_precision(const torch::Device& device) {
  if (device.is_cuda()) {
    const bool native = at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
    return native ? Precision::bfloat16 : Precision::float32;
  }
  const auto features = processor_features();
  const auto has = [&](const char* name) {
    return std::find(features.begin(), features.end(), name) != features.end();
  };
  return has("avx512_bf16") || has("amx_bf16") ? Precision::bfloat16 : Precision::float32;
}

torch::Device choose_device(const std::string& text) {
  if (text == "cpu") return torch::kCPU;
  if (text == "auto") return torch::cuda::is_available() ? cuda_device(0) : torch::Device(torch::kCPU);
  if (text == "cuda") return cuda_device(0);
  int index = -1;
  if (text.starts_with("cuda:")) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 5, end, index);
    if (error == std::errc() && stop == end && index >= 0) return cuda_device(index);
  }
  throw Error(ExitCode::usage, "--device is '" + text + "', but must be auto, cpu, cuda or cuda:INDEX",
              "e.g. --device cuda:0");
}

BlasInfo loaded_blas() {
  BlasInfo blas{"unknown", false};
  ::dl_iterate_phdr(visit_library, &blas);
  return blas;
}

void keep_memory() {
#if defined(__GLIBC__)
  // By default larger blocks are mapped and unmapped each time, with a page fault for every 4 KiB.
  constexpr int kLargest = 32 << 20;  // glibc's maximum.
  ::mallopt(M_MMAP_THRESHOLD, kLargest);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

void make_deterministic() {
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

}  // namespace svhn::kernels
