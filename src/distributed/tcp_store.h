#pragma once
/// One connection to the store that the processes of a run share: the interface, and c10d's TCPStore behind
/// it.

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/launch.h"

namespace c10d {
class Store;
}

namespace svhn::distributed {

/// All operations: @throws std::exception when the connection is broken; they may block for any time when the
/// server does not answer. One thread at a time.
class StoreConnection {
 public:
  virtual ~StoreConnection() = default;
  /// @returns the counter after adding; it starts at 0.
  virtual std::int64_t add(const std::string& key, std::int64_t delta) = 0;
  virtual void set(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> find(const std::string& key) = 0;
  /// Sets the key unless it is set. @returns the value that the key has now.
  virtual std::string set_once(const std::string& key, const std::string& value) = 0;
};
using OpenConnection = std::function<std::unique_ptr<StoreConnection>()>;

/// Connects to c10d's TCPStore; rank 0 serves it, unless the launcher does.
/// @throws core::Error(device) when nobody answers within `timeout`.
std::unique_ptr<StoreConnection> open_tcp_store(const core::Launch& launch,
                                                std::chrono::milliseconds timeout);

/// The same connection as c10d's own type, for its process groups.
/// @param server this process serves the store. @throws core::Error(device) as open_tcp_store.
c10::intrusive_ptr<c10d::Store> connect_c10d_store(const core::Launch& launch, bool server,
                                                   std::chrono::milliseconds timeout);

}  // namespace svhn::distributed
