#pragma once
/// A command that may be one of several processes: it meets the others, lets rank 0 alone speak, and tells
/// the others when it fails.

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "cli/options.h"
#include "distributed/rendezvous.h"

namespace svhn::cli {

class DistributedContext {
 public:
  /// Meets the others that the environment tells of, if any. @throws core::Error usage, device
  explicit DistributedContext(const ProcessOptions& options);

  [[nodiscard]] bool several() const { return store_ != nullptr; }
  [[nodiscard]] int rank() const { return rendezvous_.launch.rank; }
  [[nodiscard]] int size() const { return rendezvous_.launch.size; }
  [[nodiscard]] int local_rank() const { return rendezvous_.launch.local_rank; }
  /// @returns how many of the processes share this machine's cores.
  [[nodiscard]] int local_size() const { return rendezvous_.launch.local_size; }
  /// @returns what the processes share; null for one process.
  [[nodiscard]] std::shared_ptr<distributed::Store> store() const { return store_; }
  /// Joins the group at the first call, which all processes must make.
  /// @returns null for one process. @throws core::Error(device)
  distributed::ProcessGroup* group(const torch::Device& device);
  /// All processes must be about to do the same; they have joined the group. Does nothing for one process.
  /// @param terms what this one is about to do: texts by name. @throws core::Error(usage) naming the first
  /// rank and name that differ from rank 0's.
  void check_agreement(const nlohmann::ordered_json& terms) const;
  /// Leaves the group, if any, so that operations that still wait for this process end with an error.
  void leave_group() { group_.reset(); }

 private:
  distributed::RendezvousOptions rendezvous_;
  std::shared_ptr<distributed::Store> store_;
  std::unique_ptr<distributed::ProcessGroup> group_;
};

/// Runs a command's work with the processes that share it. In all but rank 0 stdout leads nowhere and stderr
/// is for errors alone. Whatever `work` throws is told to the others before it goes on.
/// @param work gets the options for this process: its share of the cores, its own CUDA device.
int run_distributed(const ProcessOptions& options, const GlobalOptions& global,
                    const std::function<int(DistributedContext& processes, const GlobalOptions& own)>& work);

}  // namespace svhn::cli
