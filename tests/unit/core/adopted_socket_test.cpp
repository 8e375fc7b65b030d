#include "core/adopted_socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/listener.h"

namespace svhn::core {
namespace {

/// Binds a new socket to every address, port 0. @returns the address and port that it has then.
sockaddr_in bound() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  socklen_t length = sizeof(address);
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length), 0);
  ::close(descriptor);
  return address;
}

TEST(AdoptedSocket, TakesThePlaceOfTheNextOneAlone) {
  const Listener listener("127.0.0.1", 0);
  adopt_at_next_bind(listener.descriptor());
  const sockaddr_in first = bound(), second = bound();
  EXPECT_EQ(ntohs(first.sin_port), listener.port());
  EXPECT_EQ(ntohl(first.sin_addr.s_addr), INADDR_LOOPBACK);
  EXPECT_NE(ntohs(second.sin_port), listener.port());
  EXPECT_EQ(ntohl(second.sin_addr.s_addr), INADDR_ANY);
  EXPECT_FALSE(forget_adopted_socket());
}

TEST(AdoptedSocket, IsForgotten) {
  const Listener listener("127.0.0.1", 0);
  adopt_at_next_bind(listener.descriptor());
  EXPECT_TRUE(forget_adopted_socket());
  EXPECT_NE(ntohs(bound().sin_port), listener.port());
}

}  // namespace
}  // namespace svhn::core
