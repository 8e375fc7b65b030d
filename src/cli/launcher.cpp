#include "cli/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "cli/console.h"
#include "core/clock.h"
#include "core/launch.h"
#include "core/listener.h"
#include "core/signals.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCHLD};

sigset_t watched_signals() {
  sigset_t set{};
  sigemptyset(&set);
  for (const int signal : kSignals) {
    const bool unwanted = signal == SIGHUP && core::is_ignored(signal);  // Under nohup.
    if (!unwanted) sigaddset(&set, signal);
  }
  return set;
}

[[noreturn]] void throw_errno(const std::string& what) {
  throw Error(ExitCode::device, "cannot " + what + ": " + std::strerror(errno), "try fewer processes");
}

void set_variable(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);
}

/// Sets the environment variables that all processes share.
void set_common_variables(const LaunchPlan& plan, std::uint16_t port, int report_once) {
  set_variable("WORLD_SIZE", std::to_string(plan.processes));
  set_variable("LOCAL_WORLD_SIZE", std::to_string(plan.processes));
  set_variable("MASTER_ADDR", "127.0.0.1");
  set_variable("MASTER_PORT", std::to_string(port));
  set_variable("SVHN_SAY_ONCE", std::to_string(report_once));
  ::unsetenv("TORCHELASTIC_USE_AGENT_STORE");
}

/// Prepares a new process: environment, signals, standard input.
void become_rank(int rank, pid_t parent, core::Listener& listener, const sigset_t& mask) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // The parent died before the line above.
  // A terminal's Ctrl-C must reach only the parent, which forwards it once.
  ::setpgid(0, 0);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  set_variable("RANK", std::to_string(rank));
  set_variable("LOCAL_RANK", std::to_string(rank));
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  if (rank != 0) return;
  set_variable("SVHN_LISTENER", std::to_string(listener.release()));
}

struct Process {
  pid_t id = 0;
  int rank = 0;
};

/// Waits for the processes, forwards signals and computes the exit code.
class Supervisor {
 public:
  Supervisor(const LaunchPlan& plan, std::vector<Process> running)
      : plan_(plan), running_(std::move(running)), signals_(watched_signals()) {
    descriptor_ = ::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor() {
    send(SIGKILL);
    for (const Process& process : running_) ::waitpid(process.id, nullptr, 0);
    ::close(descriptor_);
  }

  int run() {
    while (!running_.empty()) {
      pollfd event{descriptor_, POLLIN, 0};
      ::poll(&event, 1, wait_ms());
      read_signals();
      reap();
      if (deadline_ && core::Clock::now() >= *deadline_) send(SIGKILL);
    }
    return code_;
  }

 private:
  void send(int signal) const {
    for (const Process& process : running_) ::kill(process.id, signal);
  }

  [[nodiscard]] int wait_ms() const {
    if (!deadline_) return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline_ - core::Clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 10));
  }

  void read_signals() {
    signalfd_siginfo info{};
    while (::read(descriptor_, &info, sizeof(info)) == sizeof(info)) {
      const auto signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGCHLD) continue;
      if (signal == SIGTSTP) {
        send(SIGSTOP);
        ::raise(SIGSTOP);
        send(SIGCONT);
        continue;
      }
      stopped_by_ = signal;
      send(signal);
    }
  }

  void reap() {
    for (std::size_t i = 0; i < running_.size();) {
      int status = 0;
      if (::waitpid(running_[i].id, &status, WNOHANG) != running_[i].id) {
        ++i;
        continue;
      }
      const Process process = running_[i];
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      end(process, status);
    }
  }

  void end(const Process& process, int status) {
    const bool killed = WIFSIGNALED(status);
    const int signal = killed ? WTERMSIG(status) : 0;
    if (plan_.tolerant && process.rank != 0 && stopped_by_ == 0) {
      // Rank 0 decides the exit code; another process reports its failure itself.
      if (killed && !deadline_)
        spdlog::warn("warning: {}; the others continue", lost_text(process.rank, signal));
      return;
    }
    const int code = killed ? killed_code(process.rank, signal) : WEXITSTATUS(status);
    if (code_ == 0) code_ = code;
    // The other processes notice the failure at their next communication.
    if (code_ != 0 || plan_.tolerant) deadline_ = core::Clock::now() + plan_.grace_period;
  }

  static std::string lost_text(int rank, int signal) {
    return "rank " + std::to_string(rank) + " was lost: killed by signal " + std::to_string(signal) + " (" +
           ::strsignal(signal) + ")";
  }

  int killed_code(int rank, int signal) const {
    if (signal == stopped_by_) return 128 + signal;
    if (code_ != 0) return code_;  // It was killed because another process, already reported, had failed.
    const std::string why =
        signal == SIGKILL ? "the system may have run out of memory" : "this may be a defect of svhn";
    return report_error({ExitCode::device, lost_text(rank, signal),
                         why + "; start it again, a training or a search with --resume"});
  }

  LaunchPlan plan_;
  std::vector<Process> running_;
  sigset_t signals_;
  int descriptor_ = -1;
  int stopped_by_ = 0;
  int code_ = 0;
  std::optional<core::Clock::time_point> deadline_;
};

}  // namespace

std::optional<int> launch_processes(const LaunchPlan& plan) {
  core::reserve_connections(plan.processes);
  core::Listener listener("127.0.0.1", 0);
  const int report_once = ::eventfd(1, EFD_NONBLOCK | EFD_SEMAPHORE);
  if (report_once < 0) throw_errno("make an event descriptor");
  set_common_variables(plan, listener.port(), report_once);
  const sigset_t watched = watched_signals();
  sigset_t former{};
  ::sigprocmask(SIG_BLOCK, &watched, &former);
  const pid_t parent = ::getpid();
  std::vector<Process> started;
  for (int rank = 0; rank < plan.processes; ++rank) {
    const pid_t id = ::fork();
    if (id == 0) {
      become_rank(rank, parent, listener, former);
      return std::nullopt;
    }
    if (id < 0) {
      const Supervisor stop(plan, std::move(started));
      throw_errno("start process " + std::to_string(rank + 1) + " of " + std::to_string(plan.processes));
    }
    started.push_back({id, rank});
  }
  ::close(listener.release());  // Only rank 0 keeps it, so that its death closes the port.
  return Supervisor(plan, std::move(started)).run();
}

}  // namespace svhn::cli
