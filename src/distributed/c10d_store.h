#pragma once
/// A connection of LibTorch's own kind, for its process groups.

#include <c10/util/intrusive_ptr.h>

#include <chrono>

#include "distributed/raw_store.h"

namespace c10d {
class Store;
}

namespace svhn::distributed {

/// @param server this process holds the store. @throws core::Error(device) when nobody answers in time.
c10::intrusive_ptr<c10d::Store> connect_c10d_store(const core::Launch& launch, bool server,
                                                   std::chrono::milliseconds timeout);

}  // namespace svhn::distributed
