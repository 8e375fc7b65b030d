#pragma once
/// TCP sockets that listen on one address of this machine, never on all of them.

#include <chrono>
#include <cstdint>
#include <string>

#include "core/clock.h"

namespace svhn::core {

/// @param text a numeric IPv4 or IPv6 address, or the name of an interface such as eth0.
/// @returns the numeric address.
/// @throws core::Error(usage) for anything else, and for 0.0.0.0 and ::, to which no other
/// process can connect.
std::string resolve_bind(const std::string& text);

/// Owns a listening TCP socket.
class Listener {
 public:
  /// @param address a numeric address of this machine. @param port 0: any free port.
  /// @throws core::Error(device) when the address is not this machine's or the port is in use.
  Listener(const std::string& address, std::uint16_t port);
  /// Takes ownership of a listening socket that was inherited from a parent process.
  /// @throws core::Error(usage) when the descriptor is not a listening socket.
  explicit Listener(int inherited);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const;
  /// @returns the descriptor and passes its ownership to the caller.
  int release();

 private:
  int descriptor_ = -1;
};

/// Tries to connect until it succeeds. @returns whether it succeeded before `until`.
bool wait_for_listener(const std::string& address, std::uint16_t port, Clock::time_point until);

}  // namespace svhn::core
