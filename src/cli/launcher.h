#pragma once
/// `--nproc N`: one command line as N processes of this machine, watched over by the one that the user
/// started.

#include <chrono>
#include <optional>

namespace svhn::cli {

struct LaunchPlan {
  int processes = 2;
  bool tolerant = false;  ///< The others go on when one that is not rank 0 was killed.
  /// How long the others may take to end by themselves after one has failed, counted anew from each end.
  std::chrono::milliseconds patience{3000};
};

/// Forks the processes, as ranks of a launch that core::read_launch finds in their environment; they meet at
/// a free port of 127.0.0.1, where rank 0 has inherited the listening socket. Then waits for them, and hands
/// the first SIGINT, SIGTERM, SIGHUP or SIGTSTP, and every further one, on to them. None outlives this
/// process. Of a failure the user is told once.
/// @returns nothing in the new processes, which go on with their work; in the parent the exit code: 0 when
/// all ended with it, 7 when a process was killed, 128 + n after signal n, else that of the first that
/// failed.
/// @throws core::Error(device) when processes cannot be started.
std::optional<int> launch_processes(const LaunchPlan& plan);

}  // namespace svhn::cli
