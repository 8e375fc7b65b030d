#include "core/adopted_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace svhn::core {
namespace {

constexpr const char* kVariable = "SVHN_ADOPTED_SOCKET";

}  // namespace

void adopt_at_next_bind(int socket) {
  ::setenv(kVariable, std::to_string(socket).c_str(), 1);
}

bool forget_adopted_socket() {
  const bool left = ::getenv(kVariable) != nullptr;
  ::unsetenv(kVariable);
  return left;
}

}  // namespace svhn::core

extern "C" __attribute__((visibility("default"))) int bind(int descriptor, const sockaddr* address,
                                                           socklen_t length) noexcept {
  const char* text = ::getenv(svhn::core::kVariable);
  if (text == nullptr) return static_cast<int>(::syscall(SYS_bind, descriptor, address, length));
  const int socket = std::atoi(text);
  svhn::core::forget_adopted_socket();
  return ::dup3(socket, descriptor, O_CLOEXEC) < 0 ? -1 : 0;
}
