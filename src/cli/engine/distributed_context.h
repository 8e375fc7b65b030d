#pragma once
/// Runs a command as one of several processes: rendezvous, output of rank 0 alone, failure notices.

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "cli/options.h"
#include "distributed/rendezvous.h"

namespace svhn::cli {

/// The rank of this process, the store and the process group of a command; one process has neither.
class DistributedContext {
 public:
  /// Performs the rendezvous if the environment describes several processes.
  /// @throws core::Error(usage), core::Error(device)
  explicit DistributedContext(const ProcessOptions& options);

  [[nodiscard]] bool several() const { return store_ != nullptr; }
  [[nodiscard]] int rank() const { return rendezvous_.launch.rank; }
  [[nodiscard]] int size() const { return rendezvous_.launch.size; }
  [[nodiscard]] int local_rank() const { return rendezvous_.launch.local_rank; }
  /// @returns the number of processes that share the cores of this machine.
  [[nodiscard]] int local_size() const { return rendezvous_.launch.local_size; }
  /// @returns the store of all processes; null for one process.
  [[nodiscard]] std::shared_ptr<distributed::Store> store() const { return store_; }
  /// Initializes the process group at the first call, which is a collective operation.
  /// @returns the group, owned by this object; null for one process. @throws core::Error(device)
  distributed::ProcessGroup* group(const torch::Device& device);
  /// Checks that all processes run the same work. A collective operation, after `group`; does nothing for one
  /// process.
  /// @param terms describe the work of this process: values by name.
  /// @throws core::Error(usage) naming the first rank and term that differ from those of rank 0.
  void check_agreement(const nlohmann::ordered_json& terms) const;
  /// Destroys the group, if any: collective operations that wait for this process then end with an error.
  void leave_group() { group_.reset(); }

 private:
  distributed::RendezvousOptions rendezvous_;
  std::shared_ptr<distributed::Store> store_;
  std::unique_ptr<distributed::ProcessGroup> group_;
};

/// Runs a command in this process, together with the others of the launch, if any. All ranks but 0 write
/// nothing on stdout and only errors on stderr. An exception of `work` is published to the other processes
/// and rethrown.
/// @param work gets the options of this process: its part of the cores, its own CUDA device.
/// @returns the exit code that `work` returns.
int run_distributed(const ProcessOptions& options, const GlobalOptions& global,
                    const std::function<int(DistributedContext& processes, const GlobalOptions& own)>& work);

}  // namespace svhn::cli
