// What edges served by host, added up by service.
#include "gslb/control/service_use.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using namespace gslb;

const char* const kTables = R"(
[cluster.fra]
latitude = 50
longitude = 8
node = [{ id = "a", ipv4 = "203.0.113.1" }]
key = "fra-secret-fra-secret"
capacity.requests_per_s = { target = 100, max = 200 }
capacity.egress_bits_per_s = { target = 1000, max = 2000 }
[service.api]
[service.video]
[[route]]
name = "api.example."
service = "api"
[[route]]
name = "*.v.example."
service = "video"
[[route]]
name = "one.v.example."
service = "api"
)";

class Uses : public testing::Test {
 protected:
  Uses()
      : world_(tests::text_of_zone("example.", "z") + kTables,
               {{"z", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}}),
        uses_(*world_.epoch->compiled->services, MonoTime(seconds(100))) {}

  void serve(const std::string& hosts, std::uint64_t requests, std::uint64_t octets) {
    fleet::Report report;
    report.figures.hosts = {{.hosts = hosts, .requests = requests, .octets = octets}};
    uses_.add(report);
  }

  tests::World world_;
  control::ServiceUses uses_;
};

TEST_F(Uses, AHostIsOfTheServiceItsNameIsRoutedTo) {
  serve("API.example", 100, 1000);
  serve("api.example", 100, 1000);
  serve("*.v.example", 40, 9000);
  serve("a.b.v.example", 10, 1000);
  serve("one.v.example", 20, 0);
  serve("v.example", 1000, 0);
  serve("*", 1000, 0);
  serve("", 1000, 0);
  serve("other.test", 1000, 0);
  const auto taken = uses_.take(MonoTime(seconds(110)));
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].service, 0U);
  EXPECT_DOUBLE_EQ(taken[0].requests_per_s, 22);
  EXPECT_DOUBLE_EQ(taken[0].octets_per_s, 200);
  EXPECT_EQ(taken[1].service, 1U);
  EXPECT_DOUBLE_EQ(taken[1].requests_per_s, 5);
  EXPECT_DOUBLE_EQ(taken[1].octets_per_s, 1000);
}

TEST_F(Uses, EachIsTakenOnce) {
  serve("api.example", 100, 1000);
  EXPECT_TRUE(uses_.take(MonoTime(seconds(100))).empty()) << "no time has passed";
  EXPECT_EQ(uses_.take(MonoTime(seconds(101))).size(), 1U);
  EXPECT_TRUE(uses_.take(MonoTime(seconds(102))).empty());
}

TEST_F(Uses, EgressIsScarceWhereItIsTheTightest) {
  EXPECT_EQ(control::egress_share(*world_.fleet), 0);
  world_.beat("fra/a", fleet::NodeState::kUp, {{"requests_per_s", 50}, {"egress_bits_per_s", 400}});
  EXPECT_EQ(control::egress_share(*world_.fleet), 0);
  world_.beat("fra/a", fleet::NodeState::kUp, {{"requests_per_s", 50}, {"egress_bits_per_s", 600}});
  EXPECT_EQ(control::egress_share(*world_.fleet), 1);
}

}  // namespace
