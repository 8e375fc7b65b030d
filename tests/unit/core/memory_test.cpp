#include "core/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

namespace svhn::core {
namespace {

/// Runs in the child of a death test. @returns by its exit code the limit, in units of 64 GiB.
[[noreturn]] void exit_with_limit(rlim_t address_space, rlim_t data) {
  const rlimit space{address_space, RLIM_INFINITY}, heap{data, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &space);
  ::setrlimit(RLIMIT_DATA, &heap);
  ::_exit(static_cast<int>(memory_limit().value_or(0) >> 36U));
}

TEST(MemoryLimitDeathTest, IsTheLowerOne) {
  constexpr rlim_t kUnit = rlim_t{1} << 36U;
  EXPECT_EXIT(exit_with_limit(RLIM_INFINITY, RLIM_INFINITY), testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT(exit_with_limit(3 * kUnit, RLIM_INFINITY), testing::ExitedWithCode(3), "^$");
  EXPECT_EXIT(exit_with_limit(3 * kUnit, 2 * kUnit), testing::ExitedWithCode(2), "^$");
}

TEST(IsOutOfMemory, KnowsLibTorchsErrors) {
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_TRUE(is_out_of_memory(std::bad_array_new_length()));
  // c10/core/impl/alloc_cpu.cpp of LibTorch 1.13.
  EXPECT_TRUE(
      is_out_of_memory(std::runtime_error("[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: can't "
                                          "allocate memory: you tried to allocate "
                                          "4000000000000 bytes. Error code 12 (Cannot allocate memory)")));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("a shape is wrong")));
  EXPECT_EQ(out_of_memory().code(), ExitCode::device);
}

}  // namespace
}  // namespace svhn::core
