// Answers by a resolver's own row.
#include <gtest/gtest.h>

#include "allocations.h"
#include "tests/support/world.h"

namespace {

using namespace gslb;

constexpr const char* kBeacon = R"(
[[route]]
name = "*.probe.example."
service = "web"
beacon = true
)";

TEST(MixedResolver, CostsAQueryNoAllocation) {
  tests::World world(tests::kWorldConfig + std::string(kBeacon),
                     {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}});
  const Address resolver = Address::parse("192.0.2.53").value();
  const auto& geo = *world.epoch->compiled->geo;
  const std::vector<measure::BeaconJoin> joins(
      9, {measure::resolver_network(resolver), geo.find(resolver).unit,
          geo.find(Address::parse("198.51.100.1").value()).unit, world.now().wall});
  control::learn(*world.epoch, {}, world.now().wall, joins);
  world.plan();
  const auto query = tests::make_query({.name = "www.example"});
  dns::testing::Buffer out(4096);
  const answer::Request request{.message = query, .client = resolver};
  const std::uint64_t allocations = tests::thread_allocations();
  const std::size_t size =
      answer::answer(*world.snapshot, request, world.scratch, world.counters, out);
  EXPECT_EQ(tests::thread_allocations(), allocations);
  out.resize(size);
  EXPECT_EQ(tests::Reply(out).answers(dns::RrType::kA)[0].substr(0, 11), "203.0.113.1") << "fra";
}

}  // namespace
