#include "core/listener.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"

namespace svhn::core {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// @param flags AI_NUMERICHOST: no DNS query. @returns null when there is no such address.
Addresses look_up(const std::string& address, std::uint16_t port, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0) found = nullptr;
  return {found, &::freeaddrinfo};
}

std::string numeric(const sockaddr* address, socklen_t length) {
  std::array<char, NI_MAXHOST> text{};
  const int code = ::getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return code == 0 ? text.data() : "";
}

/// @returns the interface's address, IPv4 preferred to IPv6; empty when it has none.
std::string interface_address(const std::string& name) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, &::freeifaddrs);
  std::string second;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || name != one->ifa_name) continue;
    if (one->ifa_addr->sa_family == AF_INET) return numeric(one->ifa_addr, sizeof(sockaddr_in));
    if (one->ifa_addr->sa_family == AF_INET6) second = numeric(one->ifa_addr, sizeof(sockaddr_in6));
  }
  return second;
}

bool connects(const addrinfo& where) {
  const int socket = ::socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const timeval timeout{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  const bool done = ::connect(socket, where.ai_addr, where.ai_addrlen) == 0;
  ::close(socket);
  return done;
}

}  // namespace

std::string resolve_bind(const std::string& text) {
  std::string address = interface_address(text);
  if (address.empty() && look_up(text, 0, AI_NUMERICHOST)) address = text;
  if (address.empty()) {
    throw Error(ExitCode::usage,
                "'" + printable(text) + "' is neither a numeric address nor an interface of this machine",
                "'ip address' lists both");
  }
  if (address == "0.0.0.0" || address == "::") {
    throw Error(ExitCode::usage, "'" + address + "' stands for every address of this machine",
                "name the one address or interface that the other processes reach");
  }
  return address;
}

Listener::Listener(const std::string& address, std::uint16_t port) {
  const Addresses where = look_up(address, port, AI_NUMERICHOST);
  int fault = EADDRNOTAVAIL;
  if (where) {
    descriptor_ = ::socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    // A port whose old connections are in TIME_WAIT may be bound at once.
    ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (descriptor_ >= 0 && ::bind(descriptor_, where->ai_addr, where->ai_addrlen) == 0 &&
        ::listen(descriptor_, SOMAXCONN) == 0) {
      return;
    }
    fault = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  throw Error(ExitCode::device,
              "cannot listen on " + address + " port " + std::to_string(port) + ": " + std::strerror(fault),
              fault == EADDRINUSE ? "another run may use it: choose another MASTER_PORT"
                                  : "--bind names an address or interface of this machine");
}

Listener::Listener(int inherited) : descriptor_(inherited) {
  int listens = 0;
  socklen_t length = sizeof(listens);
  if (::getsockopt(inherited, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens == 1) return;
  throw Error(ExitCode::usage, "SVHN_LISTENER is '" + std::to_string(inherited) + "', no listening socket",
              "'--nproc' sets it for its own processes; do not set it yourself");
}

Listener::~Listener() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint16_t Listener::port() const {
  sockaddr_storage name{};
  socklen_t length = sizeof(name);
  std::array<char, NI_MAXSERV> text{};
  // The socket API requires this cast.
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&name), &length) != 0) return 0;
  ::getnameinfo(address, length, nullptr, 0, text.data(), text.size(), NI_NUMERICSERV);
  return static_cast<std::uint16_t>(std::stoi(text.data()));
}

int Listener::release() {
  return std::exchange(descriptor_, -1);
}

bool wait_for_listener(const std::string& address, std::uint16_t port, Clock::time_point until) {
  while (true) {
    const Addresses all = look_up(address, port, 0);
    for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
      if (connects(*one)) return true;
    }
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace svhn::core
