// A resolver whose clients are elsewhere, from its first beacon to the answers it gets.
#include "gslb/measure/mixtures.h"

#include <gtest/gtest.h>

#include "gslb/answer/explain.h"
#include "gslb/control/learnt.h"
#include "gslb/control/observer.h"

#include "tests/support/world.h"

namespace {

using namespace gslb;
using control::Beacons;
using control::Sighting;
using dns::RrType;

constexpr const char* kBeacon = R"(
[[route]]
name = "*.probe.example."
service = "web"
beacon = true
)";
const char* const kResolver = "192.0.2.53";  // in America
const char* const kAmerican = "192.0.2.0/24";

// Sixteen networks in Europe that may each count.
std::string european(unsigned number) {
  return "2001:db8:e" + std::string(1, "0123456789abcdef"[number % 16]) + "00::/48";
}

class MixedResolver : public testing::Test {
 protected:
  explicit MixedResolver(const std::string& more = "")
      : world_(tests::kWorldConfig + (kBeacon + more),
               {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}}),
        observer_(compiled(), 1, world_.now()) {}

  const control::Compiled& compiled() { return *world_.epoch->compiled; }

  // A client of the network resolves a beacon by the resolver and fetches it from an edge.
  void visit(const std::string& client, const std::string& resolver = kResolver) {
    const std::string nonce = "nonce" + std::to_string(10'000 + visits_++);
    observer_.lane(0).note({Sighting::Kind::kBeacon, Address::parse(resolver).value(),
                            Beacons::hash_of(as_octets(nonce))});
    tell(nonce, client);
  }
  void tell(const std::string& nonce, const std::string& client) {
    fleet::Report report;
    report.cluster = "fra";
    report.beacons.push_back({nonce, Prefix::parse(client).value()});
    observer_.hear(compiled(), report, world_.now());
  }
  void learn() {
    control::learn(*world_.epoch, observer_.take(), world_.now().wall, observer_.take_joins());
    world_.plan();
  }
  std::string cluster(const tests::Ask& ask) {
    const auto found = world_.ask(ask).answers(RrType::kA);
    if (found.empty()) { return "none"; }
    return std::string("?flnsi").substr(static_cast<std::size_t>(found[0][10] - '0'), 1);
  }
  std::string by_resolver(const std::string& resolver = kResolver) {
    return cluster({.name = "www.example", .from = resolver});
  }
  answer::Explanation explain() {
    answer::ExplainRequest request;
    request.name = dns::Name::parse("www.example").value();
    request.client = Address::parse(kResolver).value();
    request.as_subnet = false;
    return answer::explain(*world_.snapshot, world_.epoch->costs, world_.summary.price_ms, request);
  }

  tests::World world_;
  control::Observer observer_;
  unsigned visits_ = 0;
};

TEST_F(MixedResolver, IsAnsweredForItsClientsOnceTheyAreKnown) {
  EXPECT_EQ(by_resolver(), "n");
  for (unsigned i = 0; i < 7; ++i) { visit(european(i)); }
  learn();
  EXPECT_EQ(by_resolver(), "n") << "too few to be believed";
  visit(european(7));
  learn();
  EXPECT_EQ(by_resolver(), "f");
  EXPECT_EQ(by_resolver("192.0.2.99"), "f") << "the same network";
  EXPECT_EQ(cluster({.name = "www.example", .from = kResolver, .ecs = kAmerican}), "n")
      << "who tells his subnet is answered for that";
  EXPECT_EQ(cluster({.name = "www.example", .from = "198.51.96.1", .ecs = kAmerican}), "n");
  EXPECT_EQ(cluster({.name = "www.example", .from = kResolver, .ecs = "10.0.0.0/24"}), "f")
      << "a subnet nothing is known of is decided by the resolver";
  EXPECT_EQ(world_.snapshot->map->known_resolvers(), 1U);
}

TEST_F(MixedResolver, ForgedNoncesDoNothing) {
  for (unsigned i = 0; i < 16; ++i) {
    tell("neverasked" + std::to_string(i), european(i));
    visit(european(0));
    tell("nonce" + std::to_string(10'000 + i), european(i));  // played again
  }
  learn();
  EXPECT_EQ(by_resolver(), "n");
  EXPECT_EQ(observer_.beacon_figures().joined, 1U);
}

TEST_F(MixedResolver, CostsTheMeanOverItsClients) {
  for (unsigned i = 0; i < 12; ++i) { visit(european(i)); }
  for (unsigned i = 0; i < 4; ++i) { visit("198.51." + std::to_string(96 + i) + ".0/24"); }
  learn();
  const answer::Explanation found = explain();
  ASSERT_EQ(found.mixture.size(), 2U);
  EXPECT_EQ(found.resolver_network, kAmerican);
  EXPECT_NEAR(found.mixture[0].share, 0.75, 1e-9);
  EXPECT_EQ(found.mixture[0].country, "DE");
  EXPECT_EQ(found.mixture[1].country, "AU");
  EXPECT_NEAR(found.mixture_weight, 16, 0.01);
  EXPECT_EQ(found.country, "US") << "where the resolver is";
  EXPECT_EQ(found.cluster, "fra");
  const auto& units = compiled().geo->units();
  const auto unit = [&](const char* address) {
    return units[compiled().geo->find(Address::parse(address).value()).unit];
  };
  for (const answer::ExplainedCluster& each : found.clusters) {
    if (each.cost.mask != steer::Mask::kNone) { continue; }
    EXPECT_EQ(each.cost.rtt.source, measure::RttSource::kMixture);
    const auto index = world_.cluster(each.id);
    const double mean =
        0.75 * world_.epoch->costs.cost(0, unit("2001:db8:e000::"), index).total_ms +
        0.25 * world_.epoch->costs.cost(0, unit("198.51.96.1"), index).total_ms;
    EXPECT_NEAR(each.cost.total_ms, mean, 1e-6) << each.id;
  }
  EXPECT_GT(control::demand_by_unit(*world_.epoch)[0], 0) << "and the demand is its clients'";
}

TEST_F(MixedResolver, CountsApartFromItsUnit) {
  for (unsigned i = 0; i < 8; ++i) { visit(european(i)); }
  learn();
  const auto& geo = *compiled().geo;
  const geo::UnitIndex home = geo.find(Address::parse(kResolver).value()).unit;
  const auto row = world_.snapshot->map->row_of(Address::parse(kResolver).value(), home);
  ASSERT_GE(row, geo.units().size());
  const std::uint32_t before = world_.epoch->demand->total(0, home);
  by_resolver();
  EXPECT_EQ(world_.epoch->demand->total(0, row), 1U);
  EXPECT_EQ(world_.epoch->demand->total(0, home), before);
  world_.advance(seconds(30));
  const geo::UnitIndex europe = geo.find(Address::parse("2001:db8:e000::").value()).unit;
  const auto demand = control::demand_by_unit(*world_.epoch);
  EXPECT_GT(demand[europe], world_.epoch->ledger.queries_per_s(0, row) * 0.99);
}

TEST_F(MixedResolver, IsForgottenWhenNobodyTellsOfItAnyMore) {
  for (unsigned i = 0; i < 8; ++i) { visit(european(i)); }
  learn();
  ASSERT_EQ(by_resolver(), "f");
  control::learn(*world_.epoch, {}, world_.now().wall + std::chrono::hours(25));
  world_.plan();
  EXPECT_EQ(world_.summary.refusal, steer::Refusal::kNone) << "its row is empty, which is no fault";
  EXPECT_EQ(by_resolver(), "n");
}

TEST_F(MixedResolver, OutlivesARestartAndAReload) {
  for (unsigned i = 0; i < 8; ++i) { visit(european(i)); }
  learn();
  for (int i = 0; i < 100; ++i) { by_resolver(); }
  world_.advance(seconds(20));
  const auto& old = *world_.epoch;
  const std::size_t units = compiled().geo->units().size();
  const auto row = static_cast<geo::UnitIndex>(
      units + old.mixtures.slot_of(Prefix::parse(kAmerican).value()).value());
  const double rate = old.ledger.queries_per_s(0, row);
  ASSERT_GT(rate, 1);
  control::Epoch restarted(old.compiled, 1, world_.now().mono);
  const std::string text = write_learnt(control::learnt_of(old, {}));
  EXPECT_EQ(write_learnt(control::parse_learnt(text)), text);
  apply_learnt(control::parse_learnt(text), restarted);
  EXPECT_NEAR(restarted.ledger.queries_per_s(0, row), rate, 1e-3);
  control::Epoch reloaded(old.compiled, 1, world_.now().mono);
  reloaded.inherit(old);
  EXPECT_NEAR(reloaded.ledger.queries_per_s(0, row), rate, 1e-3);
  for (control::Epoch* const next : {&restarted, &reloaded}) {
    control::learn(*next, {}, world_.now().wall);
    const auto plan =
        control::make_plan(*next, control::cluster_inputs(*world_.fleet), world_.now());
    EXPECT_EQ(plan.map->row_of(Address::parse(kResolver).value(), 1), row);
    EXPECT_EQ(plan.map->choices(0, row).front(), world_.cluster("fra"));
  }
}

// The operator knows better.
class OverriddenResolver : public MixedResolver {
 protected:
  OverriddenResolver()
      : MixedResolver("[[override]]\nprefix = \"192.0.2.48/28\"\nprefer = [\"syd\"]\n") {}
};

TEST_F(OverriddenResolver, StaysWhereItsOverridePrefers) {
  for (unsigned i = 0; i < 8; ++i) { visit(european(i)); }
  learn();
  EXPECT_EQ(by_resolver(), "s");
}

// What clients of a country may not be served from stays so behind a resolver.
class FencedResolver : public MixedResolver {
 protected:
  FencedResolver()
      : MixedResolver(
            "[cluster.ber]\nlatitude = 52.5\nlongitude = 13.4\nhealth = \"none\"\n"
            "only_countries = [\"DE\"]\nbias_ms = -500\n"
            "[[cluster.ber.node]]\nid = \"n\"\nipv4 = \"203.0.113.61\"\n") {}
};

TEST_F(FencedResolver, IsSentToAFencedClusterOnlyWhenItsClientsMayGoThere) {
  for (unsigned i = 0; i < 8; ++i) { visit(european(i)); }
  learn();
  EXPECT_EQ(explain().cluster, "ber") << "all are in Germany, whatever country the resolver is in";
  for (unsigned i = 0; i < 4; ++i) { visit("198.51." + std::to_string(96 + i) + ".0/24"); }
  learn();
  EXPECT_EQ(explain().cluster, "fra") << "a third are not";
}

}  // namespace
