#pragma once
/// Listening on one address of this machine, and no other.

#include <chrono>
#include <cstdint>
#include <string>

#include "core/clock.h"

namespace svhn::core {

/// @param text a numeric IPv4 or IPv6 address, or the name of an interface such as eth0.
/// @returns the numeric address. @throws core::Error(usage) for anything else, and for 0.0.0.0 and ::, since
/// the other processes are told where to connect.
std::string resolve_bind(const std::string& text);

/// A socket that listens; closed with its owner.
class Listener {
 public:
  /// @param port 0: a free one. @throws core::Error(device) when the address is not this machine's or the
  /// port is taken.
  Listener(const std::string& address, std::uint16_t port);
  /// Takes over a socket that listens already, as a parent process left it.
  /// @throws core::Error(usage) when it is none.
  explicit Listener(int inherited);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const;
  /// @returns the descriptor, which is the caller's from now on.
  int release();

 private:
  int descriptor_ = -1;
};

/// Tries to connect until it works. @returns whether it did before `until`.
bool wait_for_listener(const std::string& address, std::uint16_t port, Clock::time_point until);

}  // namespace svhn::core
