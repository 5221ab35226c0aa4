#include "gslb/control/http_server.h"

#include <gtest/gtest.h>

namespace gslb::control {
namespace {

TEST(HttpServer, StartsAndStops) {
  HttpOptions options;
  options.listen = {Address::v4(0x7f000001), 0};
  HttpServer server(options, [](const HttpRequest&) { return HttpResponse{}; });
  ASSERT_FALSE(server.start().has_errors());
  server.stop();
}

}  // namespace
}  // namespace gslb::control
