#include "cli/engine/distributed_context.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "core/cores.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/signals.h"
#include "distributed/agreement.h"
#include "kernels/hardware.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

void silence_output() {
  const int null_device = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null_device >= 0) ::dup2(null_device, STDOUT_FILENO);
  spdlog::set_level(spdlog::level::err);
}

GlobalOptions own_options(const GlobalOptions& global, const DistributedContext& processes) {
  GlobalOptions own = global;
  own.quiet = global.quiet || processes.rank() != 0;
  if (own.threads == 0) own.threads = std::max(1, core::available_cores() / processes.local_size());
  const bool any_cuda = global.device == "auto" || global.device == "cuda";
  if (any_cuda && kernels::choose_device(global.device).is_cuda()) {
    own.device = "cuda:" + std::to_string(processes.local_rank());
  }
  return own;
}

/// Calls `work` and publishes its failure to the other processes.
int run_and_publish_failure(const std::function<int()>& work, DistributedContext& processes) {
  distributed::Store& store = *processes.store();
  try {
    const int code = work();
    store.leave();
    return code;
  } catch (const core::Interrupted&) {
    processes.leave_group();  // A process that has not received its signal yet may wait for this one.
    store.leave();            // No failure: all processes stop, and the run can be resumed.
    throw;
  } catch (const Error& error) {
    const int signal = core::stop_signal();
    if (signal != 0 && error.code() == ExitCode::device) {
      // The other processes have stopped before this one, on the same signal.
      store.leave();
      throw core::Interrupted(signal, "stopped by signal " + std::to_string(signal));
    }
    store.fail(error);
    throw;
  } catch (const std::exception& error) {
    store.fail(core::is_out_of_memory(error)
                   ? core::out_of_memory()
                   : Error(ExitCode::bug, std::string("internal: ") + error.what()));
    throw;
  }
}

}  // namespace

DistributedContext::DistributedContext(const ProcessOptions& options) {
  rendezvous_.launch = core::read_launch([](const char* name) { return std::getenv(name); }, options.bind);
  rendezvous_.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout * 1e3));
  if (rendezvous_.launch.size > 1) {
    core::reserve_connections(rendezvous_.launch.size);
    store_ = distributed::rendezvous(rendezvous_);
  } else if (options.count > 1) {
    throw Error(ExitCode::usage, "--nproc starts processes in the program 'svhn', not in its library",
                "run 'svhn'");
  }
}

distributed::ProcessGroup* DistributedContext::group(const torch::Device& device) {
  if (several() && !group_) group_ = distributed::init_process_group(rendezvous_, store_, device);
  return group_.get();
}

void DistributedContext::check_agreement(const nlohmann::ordered_json& terms) const {
  if (!several()) return;
  std::vector<distributed::Term> list;
  for (const auto& [name, value] : terms.items()) list.push_back({.name = name, .value = value});
  distributed::agree(*group_, list);
}

int run_distributed(const ProcessOptions& options, const GlobalOptions& global,
                    const std::function<int(DistributedContext& processes, const GlobalOptions& own)>& work) {
  // A stop signal that arrives during the rendezvous must not be lost.
  core::watch_stop_signals();
  DistributedContext processes(options);
  if (!processes.several()) return work(processes, global);
  if (processes.rank() != 0) silence_output();
  const GlobalOptions own = own_options(global, processes);
  return run_and_publish_failure([&] { return work(processes, own); }, processes);
}

}  // namespace svhn::cli
