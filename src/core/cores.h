#pragma once
/// How many processor cores this process may use.

#include <filesystem>
#include <optional>
#include <string_view>

namespace svhn::core {

/// @returns the cores of the process' affinity mask or of its control group's CPU quota, rounded up,
/// whichever is less; at least 1.
int available_cores();

/// Reads the CPU quota of a control group and of those above it, version 1 or 2.
/// @param mounts where control groups are mounted: /sys/fs/cgroup.
/// @param membership the text of /proc/self/cgroup.
/// @returns the smallest quota in cores; nothing where none is set.
/// @see Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst
/// (cpu.cfs_quota_us)
std::optional<double> cpu_quota(const std::filesystem::path& mounts, std::string_view membership);

}  // namespace svhn::core
