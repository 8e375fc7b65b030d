#pragma once
/// The kinds of process groups; each is compiled where LibTorch has it.

#include "distributed/rendezvous.h"

namespace svhn::distributed {

/// For tensors of the processor. @throws core::Error as Store::find_failure
std::unique_ptr<Group> join_gloo(const JoinOptions& options, std::shared_ptr<Store> store);

/// For tensors of CUDA devices; texts and tensors of the processor go through `plain`.
/// @throws core::Error as Store::find_failure
std::unique_ptr<Group> join_nccl(const JoinOptions& options, std::shared_ptr<Store> store,
                                 std::unique_ptr<Group> plain);

}  // namespace svhn::distributed
