#include "cli/engine_probe.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"

namespace svhn::cli {
namespace {

using Milliseconds = std::chrono::milliseconds;

/// Processor time, so that a busy machine changes nothing. Loading takes some 0.6 s; the rest is for endless
/// loops.
constexpr rlim_t kSeconds = 6;
/// A process that sleeps so long without any processor time waits for a thread that could not be started.
constexpr Milliseconds kAsleep{3000}, kInterval{20};

[[noreturn]] void become_probe(const std::function<int()>& probe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit time{kSeconds, kSeconds}, core{0, 0};
  ::setrlimit(RLIMIT_CPU, &time);
  ::setrlimit(RLIMIT_CORE, &core);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, descriptor);
  try {
    ::_exit(probe());
  } catch (const std::exception&) {
    ::_exit(1);
  }
}

/// @returns whether the first thread of a process waits for something other than a disk.
bool sleeps(pid_t id) {
  std::ifstream file("/proc/" + std::to_string(id) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.substr(name_end, 3) == ") S";
}

/// @returns the processor time of all threads of a process, in nanoseconds.
std::int64_t processor_time(pid_t id) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(id, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return -1;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Waits for the end of a process, and ends it when it hangs. @returns whether it returned 0.
bool succeeds(pid_t id) {
  int status = 1;
  std::int64_t used = -1;
  auto awake = core::Clock::now();
  while (true) {
    const pid_t ended = ::waitpid(id, &status, WNOHANG);
    if (ended == id) return status == 0;
    if (ended < 0 && errno != EINTR) return false;
    const std::int64_t now = processor_time(id);
    if (now != used || !sleeps(id)) awake = core::Clock::now();
    used = now;
    if (core::Clock::now() - awake > kAsleep) ::kill(id, SIGKILL);
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace

void probe_engine(const std::function<int()>& probe) {
  const auto limit = core::memory_limit();
  if (!limit) return;
  const pid_t id = ::fork();
  if (id == 0) become_probe(probe);
  if (id > 0 && succeeds(id)) return;
  throw core::Error(core::ExitCode::device,
                    "the limit on memory, " + std::to_string(*limit >> 20U) +
                        " MiB, is too low for LibTorch and its threads",
                    "raise it (ulimit -v, in KiB), or use fewer --threads");
}

}  // namespace svhn::cli
