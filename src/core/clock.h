#pragma once
/// Durations by the monotonic clock.

#include <chrono>

namespace svhn::core {

using Clock = std::chrono::steady_clock;

/// @returns the seconds that have passed since `start`.
inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace svhn::core
