#include "kernels/hardware.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "core/cores.h"
#include "core/error.h"

namespace svhn::kernels {
namespace {

core::ExitCode device_refusal(const std::string& text) {
  try {
    choose_device(text);
  } catch (const core::Error& error) {
    EXPECT_FALSE(error.hint().empty()) << text;
    return error.code();
  }
  return core::ExitCode::ok;
}

/// @returns the processor's features as /proc/cpuinfo names them.
std::set<std::string> kernel_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST(PrecisionName, IsTheConfigsWord) {
  EXPECT_EQ(precision_name(Precision::float32), "float32");
  EXPECT_EQ(precision_name(Precision::bfloat16), "bfloat16");
}

TEST(SetThreads, SetsLibTorchsCount) {
  EXPECT_EQ(set_threads(2), 2);
  EXPECT_EQ(at::get_num_threads(), 2);
  EXPECT_EQ(set_threads(1), 1);
  EXPECT_EQ(at::get_num_threads(), 1);
}

TEST(SetThreads, TakesZeroForEveryCoreOfTheProcess) {
  EXPECT_EQ(set_threads(0), core::available_cores());
}

TEST(SetThreads, RefusesCountsThatAreNone) {
  for (const int count : {-1, 1025}) {
    try {
      set_threads(count);
      ADD_FAILURE() << count;
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::usage);
      EXPECT_EQ(error.what(), "--threads is " + std::to_string(count) + ", but must be 0 to 1024");
    }
  }
}

TEST(CpuFeatures, AgreeWithTheKernel) {
  const auto flags = kernel_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo names no flags on this architecture";
  const auto features = cpu_features();
  for (const char* name : {"avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16"}) {
    const bool found = std::find(features.begin(), features.end(), name) != features.end();
    EXPECT_EQ(found, flags.contains(name)) << name;
  }
}

TEST(AutomaticPrecision, IsBfloat16OnlyWhereTheProcessorMultipliesIt) {
  const auto flags = kernel_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo names no flags on this architecture";
  const bool native = flags.contains("avx512_bf16") || flags.contains("amx_bf16");
  EXPECT_EQ(automatic_precision(torch::kCPU), native ? Precision::bfloat16 : Precision::float32);
}

TEST(ChooseDevice, TakesTheProcessor) {
  EXPECT_TRUE(choose_device("cpu").is_cpu());
}

TEST(ChooseDevice, TakesCudaOnlyWhereThereIsOne) {
  if (torch::cuda::is_available()) {
    EXPECT_TRUE(choose_device("auto").is_cuda());
    EXPECT_EQ(choose_device("cuda:0").index(), 0);
  } else {
    EXPECT_TRUE(choose_device("auto").is_cpu());
    EXPECT_EQ(device_refusal("cuda"), core::ExitCode::device);
    EXPECT_EQ(device_refusal("cuda:0"), core::ExitCode::device);
  }
  EXPECT_EQ(device_refusal("cuda:1023"), core::ExitCode::device);
}

TEST(ChooseDevice, RefusesOtherWords) {
  for (const char* text : {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:0x", "cuda:99999999999", "cpu:0"}) {
    EXPECT_EQ(device_refusal(text), core::ExitCode::usage) << text;
  }
}

TEST(LoadedBlas, FindsTheLibraryOfThisProcess) {
  const BlasInfo blas = loaded_blas();
  EXPECT_FALSE(blas.name.empty());
  EXPECT_EQ(blas.reference, blas.name == "reference");
}

}  // namespace
}  // namespace svhn::kernels
