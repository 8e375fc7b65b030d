#pragma once
/// How a process finds the others of its run: LibTorch's c10d, with its TCPStore as the meeting place and
/// its Gloo (processors) or NCCL (CUDA, where LibTorch was built with it) for sums.
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
  /// How long any operation, and the meeting itself, may take. A killed process is noticed much sooner.
  std::chrono::milliseconds timeout{60'000};
};

/// Meets the others. @returns when all of them are here.
/// @throws core::Error(device) naming the ranks that did not come in time, and in a program that was built
/// without c10d.
std::shared_ptr<Store> rendezvous(const RendezvousOptions& options);

/// Joins the group that computes together; all processes of `store` must.
/// When an operation fails, the ranks agree on the reason: what the first to `fail` told, or which were lost;
/// all of them then throw the same error.
/// @param device of the tensors that are summed.
/// @throws core::Error(device), also in a program that was built without Gloo, or without NCCL for CUDA.
std::unique_ptr<ProcessGroup> init_process_group(const RendezvousOptions& options,
                                                 std::shared_ptr<Store> store, const torch::Device& device);

}  // namespace svhn::distributed
