#pragma once
/// The kinds of process groups; each is compiled where LibTorch has it.

#include "distributed/rendezvous.h"

namespace svhn::distributed {

/// For tensors of the processor. @throws core::Error as Store::find_failure
std::unique_ptr<ProcessGroup> make_gloo_group(const RendezvousOptions& options, std::shared_ptr<Store> store);

/// For tensors of CUDA devices; texts and tensors of the processor go through `plain`.
/// @throws core::Error as Store::find_failure
std::unique_ptr<ProcessGroup> make_nccl_group(const RendezvousOptions& options, std::shared_ptr<Store> store,
                                              std::unique_ptr<ProcessGroup> plain);

}  // namespace svhn::distributed
