#include "core/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// @param limits "QUOTA PERIOD" in microseconds; "max" or -1 for none, as cpu.max and cpu.cfs_quota_us have
/// it.
std::optional<double> quota_of(const std::string& limits) {
  std::istringstream in(limits);
  double quota = 0.0, period = 0.0;
  if (!(in >> quota >> period) || quota <= 0.0 || period <= 0.0) return std::nullopt;
  return quota / period;
}

std::optional<double> quota_in(const fs::path& group, bool version_2) {
  if (version_2) return quota_of(text_of(group / "cpu.max"));
  return quota_of(text_of(group / "cpu.cfs_quota_us") + " " + text_of(group / "cpu.cfs_period_us"));
}

/// @param group the control group's path, from its mount. A container may see its own group as the mount.
std::optional<double> smallest_quota(const fs::path& mount, fs::path group, bool version_2) {
  std::optional<double> smallest;
  for (group = group.relative_path();; group = group.parent_path()) {
    const auto quota = quota_in(mount / group, version_2);
    if (quota) smallest = std::min(smallest.value_or(*quota), *quota);
    if (group.empty()) return smallest;
  }
}

/// @param names separated by commas.
bool lists(const std::string& names, const std::string& name) {
  return ("," + names + ",").find("," + name + ",") != std::string::npos;
}

int affinity_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) != 0) return 1;
  return CPU_COUNT(&mask);
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& mounts, std::string_view membership) {
  std::optional<double> smallest;
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {  // "ID:CONTROLLERS:PATH"; version 2 names none.
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    const bool version_2 = controllers.empty();
    if (!version_2 && !lists(controllers, "cpu")) continue;
    for (const fs::path& mount :
         {version_2 ? mounts : mounts / controllers, mounts / (version_2 ? "unified" : "cpu")}) {
      const auto quota = smallest_quota(mount, group, version_2);
      if (quota) smallest = std::min(smallest.value_or(*quota), *quota);
    }
  }
  return smallest;
}

int available_cores() {
  const int cores = std::max(1, affinity_cores());
  const auto quota = cpu_quota("/sys/fs/cgroup", text_of("/proc/self/cgroup"));
  // Compared as doubles: a quota may be larger than an int.
  return quota && *quota < cores ? std::max(1, static_cast<int>(std::ceil(*quota))) : cores;
}

}  // namespace svhn::core
