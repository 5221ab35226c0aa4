// What a cluster costs a unit: tiers, networks, knobs, and overrides above them all.
#include "gslb/steer/cost.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "gslb/steer/planner.h"

#include "tests/support/world.h"

namespace {

using namespace gslb::steer;
using gslb::geo::Unit;

constexpr const char* kConfig = R"(
[cluster.berlin]
latitude = 52.5
longitude = 13.4
tiers = ["gold", "bronze"]
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.1" }]
[cluster.sydney]
latitude = -33.9
longitude = 151.2
tiers = ["silver"]
cost_per_gb = 0.5
bias_ms = 7
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.2" }]
[cluster.isp]
latitude = 52.5
longitude = 13.4
tiers = ["silver"]
operators = [64510, 64511]
on_net_only = true
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.3" }]
[cluster.peer]
latitude = 52.5
longitude = 13.4
tiers = ["bronze"]
operators = [64510]
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.4" }]
[service.all]
tiers = ["gold", "silver", "bronze"]
on_net_bonus_ms = 30
[service.silver]
tiers = ["silver"]
)";

Unit unit_in_berlin(std::uint32_t asn = 0, const char* country = "DE") {
  Unit unit;
  unit.asn = asn;
  unit.country = {country[0], country[1]};
  unit.has_place = true;
  unit.place = {52.5, 13.4};
  return unit;
}

class Costs {
 public:
  explicit Costs(const std::string& config) {
    gslb::Problems problems;
    const std::string zone = "[[zone]]\nname = \"example.\"\nfile = \"example.zone\"\n";
    auto parsed = gslb::config::parse(zone + config, "test.toml", problems);
    if (!parsed) { throw std::runtime_error(problems.to_string()); }
    config_ = std::move(*parsed);
    services = compile_services(config_, problems);
    model.emplace(config_, *services);
  }
  gslb::fleet::ClusterIndex cluster(const std::string& id) const {
    const auto& all = config_.clusters;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id.text == id; });
    if (found == all.end()) { throw std::runtime_error(id); }
    return static_cast<gslb::fleet::ClusterIndex>(found - all.begin());
  }
  Cost operator()(const std::string& service, const Unit& unit, const std::string& to) const {
    ServiceIndex index = 0;
    while (services->services.at(index).id != service) { ++index; }
    return model->cost(index, unit, cluster(to));
  }
  // Clusters that may serve, cheapest first.
  std::vector<std::string> order(const Unit& unit, const std::string& service = "all") const {
    std::vector<std::pair<double, std::string>> costs;
    for (const auto& each : config_.clusters) {
      const Cost cost = (*this)(service, unit, each.id.text);
      if (cost.mask == Mask::kNone) { costs.emplace_back(cost.total_ms, each.id.text); }
    }
    std::sort(costs.begin(), costs.end());
    std::vector<std::string> ids;
    for (auto& [cost, id] : costs) { ids.push_back(std::move(id)); }
    return ids;
  }

  std::shared_ptr<const ServiceTable> services;
  std::optional<CostModel> model;

 private:
  gslb::config::Config config_;
};

using Ids = std::vector<std::string>;

TEST(Cost, AddsUpItsParts) {
  const Costs costs(kConfig);
  const Cost sydney = costs("all", unit_in_berlin(), "sydney");
  EXPECT_DOUBLE_EQ(sydney.money_ms, 5) << "10 ms a unit of currency";
  EXPECT_DOUBLE_EQ(sydney.bias_ms, 7);
  EXPECT_GT(sydney.rtt.mean_ms, 200);
  EXPECT_DOUBLE_EQ(sydney.total_ms, sydney.rtt.mean_ms + 12 + sydney.tier_ms);
  EXPECT_EQ(costs("silver", unit_in_berlin(), "sydney").tier_ms, 0) << "by the service's list";
}

TEST(Cost, GoesByTheBestTierOfACluster) {
  const Costs costs(kConfig);
  const Unit unit = unit_in_berlin(64510);
  EXPECT_EQ(costs("all", unit, "berlin").tier_ms, 0) << "gold, though bronze too";
  const double step_ms = costs("all", unit, "sydney").tier_ms;
  EXPECT_GT(step_ms, 0);
  EXPECT_EQ(costs("all", unit, "peer").tier_ms, 2 * step_ms);
  EXPECT_EQ(costs.order(unit), (Ids{"berlin", "isp", "sydney", "peer"}));
  EXPECT_EQ(costs("silver", unit, "berlin").mask, Mask::kTier);
  EXPECT_EQ(costs.order(unit, "silver"), (Ids{"isp", "sydney"}));
}

TEST(Cost, BeingOnNetIsWorthTheServicesBonus) {
  const Costs costs(kConfig);
  const Cost on_net = costs("all", unit_in_berlin(64510), "peer");
  const Cost off_net = costs("all", unit_in_berlin(64512), "peer");
  EXPECT_TRUE(on_net.on_net);
  EXPECT_EQ(on_net.on_net_ms, -30);
  EXPECT_FALSE(off_net.on_net);
  EXPECT_EQ(off_net.mask, Mask::kNone) << "a peer serves others too";
  EXPECT_DOUBLE_EQ(off_net.total_ms - on_net.total_ms, 30);
  EXPECT_EQ(costs("silver", unit_in_berlin(64511), "isp").on_net_ms, -20) << "the default";
}

TEST(Cost, OnNetOnlyServesItsOperatorsAndNobodyElse) {
  const Costs costs(kConfig);
  EXPECT_EQ(costs("all", unit_in_berlin(64511), "isp").mask, Mask::kNone);
  EXPECT_EQ(costs("all", unit_in_berlin(64512), "isp").mask, Mask::kOnNetOnly);
  EXPECT_EQ(costs("all", unit_in_berlin(0), "isp").mask, Mask::kOnNetOnly) << "network not known";
}

TEST(Cost, MoneyAndBiasTogetherStayBelowATier) {
  const Costs costs(std::string(kConfig) + R"([cluster.dear]
latitude = 52.5
longitude = 13.4
tiers = ["gold"]
cost_per_gb = 1000000
bias_ms = 9000
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.5" }]
)");
  const Cost dear = costs("all", unit_in_berlin(), "dear");
  EXPECT_DOUBLE_EQ(dear.bias_ms + dear.money_ms, 10'000);
}

// The upper tier is as bad and the lower as good as the configuration lets them be.
const char* const kExtremes = R"(
[steering]
base_ms = 1000
ms_per_km = 0.1
[cluster.upper]
latitude = -52.5
longitude = -166.6
tiers = ["gold"]
cost_per_gb = 1000000
bias_ms = 10000
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.1" }]
[cluster.lower]
latitude = 52.5
longitude = 13.4
tiers = ["silver"]
operators = [64510]
bias_ms = -10000
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.2" }]
[service.all]
tiers = ["gold", "silver"]
on_net_bonus_ms = 1000
)";

TEST(Cost, NoKnobLiftsALowerTierOverAHigher) {
  const Costs costs(kExtremes);
  const Unit unit = unit_in_berlin(64510);
  const Cost upper = costs("all", unit, "upper");
  EXPECT_GT(upper.rtt.mean_ms, 3000) << "the antipode";
  EXPECT_EQ(costs("all", unit, "lower").on_net_ms, -1000);
  EXPECT_EQ(costs.order(unit), (Ids{"upper", "lower"}));
  std::string steeper = kExtremes;
  steeper.replace(steeper.find("0.1\n"), 3, "0.11");
  EXPECT_THROW(Costs{steeper}, std::runtime_error) << "beyond, it could";
}

TEST(Cost, ALowerTierGetsOnlyWhatTheHigherHasNoRoomFor) {
  const Costs costs(kExtremes);
  const auto geo = gslb::geo::GeoMap::empty();
  const auto upper = costs.cluster("upper");
  const std::vector<ClusterInput> fleet(2, {.serving = true, .has_capacity = true});
  const auto planned_share = [&](double room) {
    Planner planner(*costs.model, *costs.services, *geo);
    planner.set_load_factor(upper, 1 / (100 * room));
    const Plan plan = planner.plan({.expected = {100}, .recent = {100}}, fleet);
    return plan.summary.planned_load[upper] / 100;
  };
  EXPECT_DOUBLE_EQ(planned_share(1.01), 1);
  EXPECT_NEAR(planned_share(0.7), 0.7, 1e-6);
}

// Overrides 0 (relocates only), 1 and 2 (prefixes), of an AS, of a country.
const std::string kOverridden = std::string(kConfig) + R"(
[[override]]
prefix = "198.51.100.0/24"
latitude = 52.5
longitude = 13.4
[[override]]
prefix = "198.51.101.0/24"
prefer = ["peer", "sydney"]
[[override]]
prefix = "198.51.102.0/24"
ban = ["berlin"]
[[override]]
asn = 64999
ban = ["sydney"]
[[override]]
country = "DE"
ban = ["peer"]
prefer = ["sydney"]
)";

Unit unit_of_override(std::int32_t index, std::uint32_t asn = 0) {
  Unit unit = unit_in_berlin(asn);
  unit.override_index = index;
  return unit;
}

TEST(OverriddenCost, PreferredComeFirstInTheOrderGiven) {
  const Costs costs(kOverridden);
  EXPECT_EQ(costs.order(unit_of_override(1)), (Ids{"peer", "sydney", "berlin"}))
      << "before tier and distance";
  EXPECT_EQ(costs.order(unit_of_override(1, 64510)), (Ids{"peer", "sydney", "berlin", "isp"}));
  EXPECT_LT(costs("all", unit_of_override(1), "peer").prefer_ms, 0);
  EXPECT_EQ(costs("all", unit_of_override(1), "berlin").prefer_ms, 0);
}

TEST(OverriddenCost, PreferenceIsNoWayAroundAMask) {
  const Costs costs(kOverridden);
  EXPECT_EQ(costs("silver", unit_of_override(1), "peer").mask, Mask::kTier);
}

TEST(OverriddenCost, BannedNeverServes) {
  const Costs costs(kOverridden);
  EXPECT_EQ(costs("all", unit_of_override(2), "berlin").mask, Mask::kBanned);
  EXPECT_EQ(costs("all", unit_in_berlin(64999), "sydney").mask, Mask::kBanned);
  EXPECT_EQ(costs("all", unit_in_berlin(), "peer").mask, Mask::kBanned);
  EXPECT_EQ(costs.order(unit_in_berlin(0, "FR")), (Ids{"berlin", "sydney", "peer"}));
}

TEST(OverriddenCost, PrefixBeforeAsnBeforeCountryAndNeverTwo) {
  const Costs costs(kOverridden);
  EXPECT_EQ(costs.model->override_of(unit_of_override(2, 64999)), 2);
  EXPECT_EQ(costs.order(unit_of_override(2, 64999)), (Ids{"sydney", "peer"}));
  EXPECT_EQ(costs.model->override_of(unit_in_berlin(64999)), 3);
  EXPECT_EQ(costs.order(unit_in_berlin(64999)), (Ids{"berlin", "peer"}));
  EXPECT_EQ(costs.model->override_of(unit_in_berlin(64998)), 4);
  EXPECT_EQ(costs.order(unit_in_berlin(64998)), (Ids{"sydney", "berlin"}));
  EXPECT_EQ(costs.model->override_of(unit_in_berlin(64998, "FR")), -1);
}

TEST(OverriddenCost, ARelocationLetsThePreferenceOfAsnOrCountryStand) {
  const Costs costs(kOverridden);
  EXPECT_EQ(costs.model->override_of(unit_of_override(0, 64999)), 3);
  EXPECT_EQ(costs.model->override_of(unit_of_override(0)), 4);
}

TEST(OverriddenCost, OfAnUnknownNetworkOrCountryIsNobodys) {
  const Costs costs(kOverridden);
  EXPECT_EQ(costs.model->override_of(Unit{}), -1);
}

// The same through the loader and the geo map: prefixes become units, units find their overrides.
TEST(OverriddenCost, ReachesTheRowsOfTheAnswerMap) {
  tests::World world(std::string(tests::kWorldConfig) + R"(
[[override]]
asn = 64999
ban = ["fra"]
[[override]]
prefix = "198.51.100.128/25"
prefer = ["syd"]
[[override]]
country = "DE"
prefer = ["nyc"]
)",
                     {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}});
  const auto& services = world.snapshot->services->services;
  ServiceIndex web = 0;
  while (services.at(web).id != "web") { ++web; }
  const auto first = [&](const std::string& client) {
    const auto unit = world.snapshot->geo->find(gslb::Address::parse(client).value()).unit;
    return world.snapshot->fleet->cluster(world.snapshot->map->row(web, unit).choices.at(0)).id;
  };
  EXPECT_EQ(first("198.51.100.1"), "lon") << "relocated, so its AS's ban holds; not its country's";
  EXPECT_EQ(first("198.51.100.129"), "syd") << "the longer prefix";
  EXPECT_EQ(first("2001:db8:e000::1"), "nyc") << "its country's";
  EXPECT_EQ(first("198.51.96.1"), "syd") << "nobody's";
}

}  // namespace
