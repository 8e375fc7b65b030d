#pragma once
/// Rendezvous and process groups of LibTorch's c10d: its TCPStore is the store that all processes of a run
/// share; Gloo (processors) or NCCL (CUDA, where LibTorch was built with it) carries out the collectives.
/// @see https://pytorch.org/docs/stable/distributed.html

#include <torch/types.h>

#include <chrono>
#include <memory>

#include "core/launch.h"
#include "distributed/process_group.h"
#include "distributed/store.h"

namespace svhn::distributed {

struct RendezvousOptions {
  core::Launch launch;  ///< Of at least 2 processes.
  /// Limit of each operation and of the rendezvous. A killed process is noticed much sooner.
  std::chrono::milliseconds timeout{60'000};
};

/// Connects to the store. @returns when all processes of the run have done so.
/// @throws core::Error(device) naming the ranks that did not come in time, and in a program that was built
/// without c10d.
std::shared_ptr<Store> rendezvous(const RendezvousOptions& options);

/// Creates the group that computes together; all processes of `store` must call it.
/// When an operation fails, the ranks agree on the reason: the first error given to `fail`, or the ranks that
/// were lost; all of them then throw the same error.
/// @param device of the tensors of all_reduce.
/// @throws core::Error(device), also in a program that was built without Gloo, or without NCCL for CUDA.
std::unique_ptr<ProcessGroup> init_process_group(const RendezvousOptions& options,
                                                 std::shared_ptr<Store> store, const torch::Device& device);

/// Group for tensors on the processor; compiled where LibTorch has Gloo.
/// @throws core::Error as Store::find_failure
std::unique_ptr<ProcessGroup> make_gloo_group(const RendezvousOptions& options, std::shared_ptr<Store> store);

/// Group for tensors on CUDA devices; compiled where LibTorch has NCCL.
/// @param plain carries out the operations on texts and on tensors of the processor.
/// @throws core::Error as Store::find_failure
std::unique_ptr<ProcessGroup> make_nccl_group(const RendezvousOptions& options, std::shared_ptr<Store> store,
                                              std::unique_ptr<ProcessGroup> plain);

}  // namespace svhn::distributed
