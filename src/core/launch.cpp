#include "core/launch.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "core/listener.h"

namespace svhn::core {
namespace {

constexpr int kMaxProcesses = 4096;
constexpr std::uint16_t kDefaultPort = 29500;  ///< The default of PyTorch's launchers.

/// A launcher's names for the same variables; null: it has none.
struct LauncherNames {
  const char* rank;
  const char* size;
  const char* local_rank;
  /// Set only in processes that the launcher started; null: no such variable. Slurm also gives a batch script
  /// a rank and a size, and an allocation's shell a size.
  const char* step;
};
constexpr std::array<LauncherNames, 3> kLaunchers = {
    {{"RANK", "WORLD_SIZE", "LOCAL_RANK", nullptr},
     {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", nullptr},
     {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_STEP_ID"}}};

class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  [[nodiscard]] std::string text(const char* name) const {
    const char* value = environment_(name);
    return value == nullptr ? std::string() : std::string(value);
  }
  [[nodiscard]] bool has(const char* name) const { return !text(name).empty(); }

  /// @throws core::Error(usage) when the variable is set and not an integer from `min` to `max`.
  [[nodiscard]] std::optional<int> number(const char* name, int min, int max) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    int result = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), result);
    if (code == std::errc() && end == value.data() + value.size() && result >= min && result <= max) {
      return result;
    }
    throw Error(ExitCode::usage,
                std::string(name) + " is '" + printable(value) + "', not a whole number from " +
                    std::to_string(min) + " to " + std::to_string(max),
                "the launcher sets it; unset it to run one process");
  }

 private:
  const Environment& environment_;
};

[[noreturn]] void missing(const std::string& name, const std::string& given) {
  throw Error(ExitCode::usage, given + " is set and " + name + " is not",
              "set both, or unset both to run one process");
}

void read_ranks(const Variables& variables, const LauncherNames& names, Launch& launch) {
  const auto size = variables.number(names.size, 1, kMaxProcesses);
  const auto rank = variables.number(names.rank, 0, std::numeric_limits<int>::max());
  if (!rank && size.value_or(1) > 1) missing(names.rank, names.size);
  if (rank && !size) missing(names.size, names.rank);
  launch.size = size.value_or(1);
  launch.rank = rank.value_or(0);
  launch.local_rank = variables.number(names.local_rank, 0, std::numeric_limits<int>::max()).value_or(0);
  // Slurm and Open MPI bind each process to separate cores.
  if (names.step == nullptr)
    launch.local_size = variables.number("LOCAL_WORLD_SIZE", 1, launch.size).value_or(1);
  for (const auto& [name, value] :
       {std::pair{names.rank, launch.rank}, std::pair{names.local_rank, launch.local_rank}}) {
    if (value < launch.size) continue;
    throw Error(ExitCode::usage,
                std::string(name) + " is " + std::to_string(value) + " and " + names.size + " is " +
                    std::to_string(launch.size),
                "ranks count from 0 to one less than the number of processes");
  }
}

/// @returns the launcher whose variables are set, or null.
const LauncherNames* find_launcher(const Variables& variables) {
  for (const LauncherNames& names : kLaunchers) {
    const bool any = variables.has(names.rank) || variables.has(names.size);
    if (any && (names.step == nullptr || variables.has(names.step))) return &names;
  }
  return nullptr;
}

/// @returns whether all processes run on this machine according to the launcher's variables.
bool is_single_node(const Variables& variables, const Launch& launch) {
  if (variables.number("OMPI_COMM_WORLD_LOCAL_SIZE", 1, kMaxProcesses) == launch.size) return true;
  for (const char* name : {"SLURM_STEP_NUM_NODES", "SLURM_JOB_NUM_NODES", "SLURM_NNODES"}) {
    if (variables.has(name)) return variables.number(name, 1, kMaxProcesses) == 1;
  }
  return false;
}

std::string rendezvous_address(const Variables& variables, const LauncherNames& names, const Launch& launch) {
  if (variables.has("MASTER_ADDR")) return variables.text("MASTER_ADDR");
  if (is_single_node(variables, launch)) return "127.0.0.1";
  const std::string step = variables.text("SLURM_STEP_NODELIST");
  const std::string nodes = step.empty() ? variables.text("SLURM_JOB_NODELIST") : step;
  if (names.step != nullptr && !nodes.empty()) {
    const bool single = nodes.find_first_of(",[") == std::string::npos;
    return single ? "127.0.0.1" : first_host(nodes);
  }
  throw Error(ExitCode::usage, std::string(names.size) + " is set and MASTER_ADDR is not",
              "set it to the address of rank 0's machine (127.0.0.1 if all run on one)");
}

std::uint16_t rendezvous_port(const Variables& variables) {
  if (const auto port = variables.number("MASTER_PORT", 1, 65535)) return static_cast<std::uint16_t>(*port);
  // Jobs that share a machine need different ports.
  const auto job = variables.number("SLURM_JOB_ID", 0, std::numeric_limits<int>::max());
  return static_cast<std::uint16_t>(job ? 10'000 + *job % 20'000 : kDefaultPort);
}

std::string listen_address(const Launch& launch, const std::string& allowed) {
  if (is_loopback(launch.address)) return launch.address == "localhost" ? "127.0.0.1" : launch.address;
  if (!allowed.empty()) return resolve_bind(allowed);
  throw Error(
      ExitCode::usage,
      "the processes are to meet at '" + printable(launch.address) + "' (MASTER_ADDR), outside this machine",
      "allow it with --bind or SVHN_BIND: the address or interface of this machine that the others reach; "
      "nothing is encrypted, so only in a network that you trust");
}

}  // namespace

bool is_loopback(const std::string& address) {
  if (address == "localhost" || address == "::1") return true;
  return address.starts_with("127.") && address.find_first_not_of("0123456789.") == std::string::npos;
}

std::string first_host(const std::string& list) {
  std::string host;
  for (std::size_t i = 0; i < list.size() && list[i] != ','; ++i) {
    if (list[i] != '[') {
      host += list[i];
      continue;
    }
    const std::size_t close = list.find(']', i);
    if (close == std::string::npos) break;
    host += list.substr(i + 1, list.find_first_of("-,]", i) - i - 1);
    i = close;
  }
  return host;
}

Launch read_launch(const Environment& environment, const std::string& bind) {
  const Variables variables(environment);
  Launch launch;
  const LauncherNames* names = find_launcher(variables);
  if (names == nullptr) return launch;
  read_ranks(variables, *names, launch);
  if (launch.size == 1) return {};
  launch.address = rendezvous_address(variables, *names, launch);
  launch.port = rendezvous_port(variables);
  launch.bind = listen_address(launch, bind.empty() ? variables.text("SVHN_BIND") : bind);
  launch.listener = variables.number("SVHN_LISTENER", 3, std::numeric_limits<int>::max()).value_or(-1);
  if (variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True") {
    launch.launcher_store = true;
    launch.prefix = "/worker/attempt_" + variables.text("TORCHELASTIC_RESTART_COUNT");
  }
  return launch;
}

void reserve_connections(int processes) {
  constexpr rlim_t kOwn = 40;  // Inputs, outputs, sockets and pipes of one process.
  constexpr rlim_t kEach = 4;  // Connections to another: of the store and of the process group.
  const rlim_t needed = kOwn + kEach * static_cast<rlim_t>(processes);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= needed) return;
  const rlim_t limit = files.rlim_max;
  files.rlim_cur = std::min(limit, needed);
  if (limit >= needed && ::setrlimit(RLIMIT_NOFILE, &files) == 0) return;
  throw Error(ExitCode::device,
              "only " + std::to_string(limit) + " files may be open at a time, and " +
                  std::to_string(processes) + " processes need " + std::to_string(needed),
              "raise the limit (ulimit -n), or use fewer processes");
}

bool may_report_failure(std::chrono::milliseconds patience) {
  const char* name = std::getenv("SVHN_SAY_ONCE");
  if (name == nullptr) return true;
  const std::string_view text(name);
  int descriptor = -1;
  std::from_chars(text.data(), text.data() + text.size(), descriptor);
  const auto deadline = Clock::now() + patience;
  pollfd unreported{descriptor, POLLIN, 0};
  while (Clock::now() < deadline && ::poll(&unreported, 1, 0) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::uint64_t count = 0;
  const auto taken = ::read(descriptor, &count, sizeof(count));
  // EAGAIN: another process has reported it. Another error: no eventfd, and silence would hide the failure.
  return taken == sizeof(count) || errno != EAGAIN;
}

}  // namespace svhn::core
