#include "core/listener.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace svhn::core {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Listener, TakesAFreePortAndCanBeReached) {
  const Listener listener("127.0.0.1", 0);
  EXPECT_GT(listener.port(), 0);
  EXPECT_TRUE(wait_for_listener("127.0.0.1", listener.port(), Clock::now()));
  EXPECT_TRUE(wait_for_listener("localhost", listener.port(), Clock::now()));
  EXPECT_FALSE(wait_for_listener("127.0.0.2", listener.port(), Clock::now()));  // Not on every address.
}

TEST(Listener, ClosesItsPort) {
  std::uint16_t port = 0;
  {
    const Listener listener("127.0.0.1", 0);
    port = listener.port();
  }
  EXPECT_FALSE(wait_for_listener("127.0.0.1", port, Clock::now()));
}

TEST(Listener, SaysThatAPortIsTaken) {
  const Listener first("127.0.0.1", 0);
  try {
    const Listener second("127.0.0.1", first.port());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::device);
    EXPECT_NE(std::string(error.what()).find(std::to_string(first.port())), std::string::npos);
    EXPECT_NE(error.hint().find("MASTER_PORT"), std::string::npos);
  }
}

TEST(Listener, RefusesAForeignAddressAndADescriptorThatDoesNotListen) {
  EXPECT_THROW(Listener("192.0.2.1", 0), Error);  // RFC 5737: nobody's address.
  EXPECT_THROW(Listener(0), Error);
  EXPECT_THROW(Listener(12345), Error);
}

}  // namespace
}  // namespace svhn::core
