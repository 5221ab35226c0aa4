#include "gslb/server/server.h"

#include <gtest/gtest.h>

#include "tests/gslb/server/loopback.h"

namespace gslb::server {
namespace {

TEST(Server, AnswersOverUdp) {
  EchoServer echo({loopback_v4()});
  UdpClient client(echo.endpoint());
  EXPECT_EQ(client.ask(message(1)), message(1));
}

}  // namespace
}  // namespace gslb::server
