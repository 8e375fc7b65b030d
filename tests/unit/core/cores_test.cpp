#include "core/cores.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

/// A tree of control groups as /sys/fs/cgroup shows it.
class CpuQuota : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { folder_.write(name, text); }
  [[nodiscard]] std::optional<double> read(std::string_view membership) const {
    return cpu_quota(folder_.path(), membership);
  }

  test::TemporaryFolder folder_;
};

TEST_F(CpuQuota, IsTheSmallestOfAGroupAndThoseAboveIt) {
  write("a/cpu.max", "150000 100000\n");
  write("a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(read("0::/a/b\n"), 1.5);
  write("a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(read("0::/a/b\n"), 0.5);
  EXPECT_EQ(read("0::/a\n"), 1.5);
  EXPECT_EQ(read("0::/\n"), std::nullopt);
}

TEST_F(CpuQuota, ReadsVersion1) {
  write("cpu/job/cpu.cfs_quota_us", "200000\n");
  write("cpu/job/cpu.cfs_period_us", "100000\n");
  write("cpu/free/cpu.cfs_quota_us", "-1\n");
  write("cpu/free/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(read("8:pids:/job\n1:cpu:/job\n0::/\n"), 2.0);
  EXPECT_EQ(read("1:cpu:/free\n"), std::nullopt);
  EXPECT_EQ(read("1:cpuset:/job\n"), std::nullopt);
}

TEST_F(CpuQuota, ReadsAMountOfTwoControllersAndAContainersOwn) {
  // Docker with version 1 mounts the group itself and names it by its path on the host.
  write("cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
  write("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(read("4:cpu,cpuacct:/docker/0123\n"), 1.0);
}

TEST_F(CpuQuota, TakesWhatItCannotReadForNone) {
  for (const char* limits : {"", "max", "much 100000", "100000", "100000 0", "-5 100000"}) {
    write("cpu.max", limits);
    EXPECT_EQ(read("0::/\n"), std::nullopt) << limits;
  }
  for (const char* membership : {"", "0", "::", "nonsense\n", "1:cpu"}) {
    EXPECT_EQ(read(membership), std::nullopt) << membership;
  }
}

TEST(AvailableCores, IsAtLeastOne) {
  EXPECT_GE(available_cores(), 1);
}

}  // namespace
}  // namespace svhn::core
