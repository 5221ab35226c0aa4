// The table of signed sets by itself: how many there are.
#include <gtest/gtest.h>

#include "gslb/dnssec/sign_zone.h"

#include "tests/support/world.h"

namespace {

using gslb::answer::RoutedSets;
using gslb::answer::RoutedSigning;
using gslb::answer::SignRequest;
using gslb::dns::RrsetView;
using gslb::dnssec::SigningKey;
using tests::World;
using Buffer = std::vector<std::uint8_t>;

gslb::dns::Name name_of(const std::string& text) { return gslb::dns::Name::parse(text).value(); }

TEST(RoutedSets, ALargeClusterHasABoundedNumberOfSets) {
  std::vector<std::string> nodes;
  for (int i = 1; i <= 60; ++i) { nodes.push_back("192.0.2." + std::to_string(i)); }
  const std::string config = tests::text_of_zone("example.", "example.zone") +
                             "[service.web]\nanswers = 4\n" +
                             tests::text_of_routes({{"www.example.", "web"}}) +
                             tests::text_of({.id = "big", .nodes = nodes});
  const World world(config, {{"example.zone",
                              "$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\n"
                              "ns1 A 192.0.2.1\n"}});
  const auto& compiled = *world.epoch->compiled;
  const auto key = SigningKey::generate(
      name_of("example."), gslb::dnssec::Algorithm::kEcdsaP256Sha256, gslb::dnssec::kKskFlags);
  gslb::dnssec::SigningPlan plan;
  plan.keys = {{.key = key, .signs_keys = true, .signs_zone = true}};
  const auto zone = gslb::dnssec::sign_zone(*compiled.zones->zones()[0], plan, nullptr);
  const gslb::zone::ZoneSet zones({zone.value().zone});
  std::size_t made = 0;
  const RoutedSigning signing{
      .sign =
          [&](const SignRequest&) {
            ++made;
            return Buffer{0, 1, 0};
          },
      .is_fresh = [](const SignRequest&, const RrsetView&) { return true; }};
  const auto sets = RoutedSets::build({zones, *compiled.services, *compiled.fleet, compiled.config},
                                      signing, nullptr);
  EXPECT_LE(made, RoutedSets::kMaxSets + 60);
  EXPECT_GT(made, 60U);
  const std::uint64_t all = (std::uint64_t{1} << 60) - 1;
  for (unsigned first = 0; first < 60; ++first) {
    EXPECT_EQ(sets->find(0, gslb::dns::RrType::kA, {.cluster = 0, .first = first, .serving = all})
                  ->set.count,
              4);
    EXPECT_EQ(sets->find(0, gslb::dns::RrType::kA,
                         {.cluster = 0, .first = first, .serving = std::uint64_t{1} << first})
                  ->set.count,
              1);
  }
}

}  // namespace
