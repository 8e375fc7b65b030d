#pragma once
/// What the meeting place can do, without a word of c10d: one connection to it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/launch.h"

namespace svhn::distributed {

/// All operations: @throws std::exception when the other side is gone; they may take any time when it is
/// silent. Not for several threads at once.
class RawStore {
 public:
  virtual ~RawStore() = default;
  /// @returns the counter after adding; it starts at 0.
  virtual std::int64_t add(const std::string& key, std::int64_t delta) = 0;
  virtual void set(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> find(const std::string& key) = 0;
  /// Sets what nobody has set before. @returns what is there now.
  virtual std::string set_once(const std::string& key, const std::string& value) = 0;
};
using OpenStore = std::function<std::unique_ptr<RawStore>()>;

/// Connects to c10d's TCPStore, and serves it where this is rank 0's business.
/// @throws core::Error(device) when there is nobody within the time-out.
std::unique_ptr<RawStore> open_tcp_store(const core::Launch& launch, std::chrono::milliseconds timeout);

}  // namespace svhn::distributed
