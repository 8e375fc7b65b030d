#pragma once
/// `--nproc N`: runs one command line as N processes of this machine and supervises them.

#include <chrono>
#include <optional>

namespace svhn::cli {

struct LaunchPlan {
  int processes = 2;
  bool tolerant = false;  ///< The others go on when a process other than rank 0 is lost.
  /// Time that the others get to end by themselves after one has failed; restarts whenever a process ends.
  std::chrono::milliseconds grace_period{3000};
};

/// Forks the processes and sets the environment from which core::read_launch reads their ranks. Their
/// rendezvous is a free port of 127.0.0.1; rank 0 inherits the listening socket. The parent waits for them
/// and forwards each SIGINT, SIGTERM, SIGHUP and SIGTSTP. No process outlives the parent. A failure is
/// reported once.
/// @returns nothing in the new processes, which go on with their work; in the parent the exit code: 0 when
/// all processes returned 0, 7 when one was killed, 128 + n after signal n, else that of the first that
/// failed.
/// @throws core::Error(device) when processes cannot be started.
std::optional<int> launch_processes(const LaunchPlan& plan);

}  // namespace svhn::cli
