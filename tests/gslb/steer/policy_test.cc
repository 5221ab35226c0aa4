// Every policy as its users know it, asked with packets: who is named, and who once a cluster died.
#include "gslb/steer/policy.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using namespace gslb::steer;
using gslb::dns::RrType;
using gslb::fleet::AdminState;

const char* const kFleet = R"(
[[zone]]
name = "example."
file = "example.zone"
[[route]]
name = "*.example."
service = "web"
[cluster.fra]
latitude = 50.11
longitude = 8.68
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.1", ipv6 = "2001:db8::1" }]
[cluster.lon]
latitude = 51.51
longitude = -0.13
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.2", ipv6 = "2001:db8::2" }]
[cluster.nyc]
latitude = 40.71
longitude = -74.01
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.3", ipv6 = "2001:db8::3" }]
[cluster.syd]
latitude = -33.87
longitude = 151.21
cost_per_gb = 50
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.4", ipv6 = "2001:db8::4" }]
[[override]]
prefix = "198.51.100.0/24"
latitude = 48.1
longitude = 11.6
set_country = "DE"
set_asn = 64500
[[override]]
prefix = "198.51.101.0/24"
latitude = 37.8
longitude = -122.4
set_country = "US"
[[override]]
prefix = "198.51.102.0/24"
latitude = -36.8
longitude = 174.8
set_country = "NZ"
)";
const char* const kEurope = "198.51.100.0/24";
const char* const kAmerica = "198.51.101.0/24";
const char* const kOceania = "198.51.102.0/24";
constexpr int kNames = 2000;

class Policies {
 public:
  explicit Policies(const std::string& service, const std::string& more = "")
      : world(
            kFleet + service + more,
            {{"example.zone", "$ORIGIN example.\n$TTL 60\n@ SOA ns. ns. 1 1 1 1 1\n@ NS ns.\n"}}) {}

  // The cluster that answers the name for a client.
  std::string ask(const std::string& client, const std::string& name, RrType type = RrType::kA) {
    const auto answers =
        world.ask({.name = name + ".example.", .type = type, .ecs = client}).answers(type);
    if (answers.size() != 1) { throw std::runtime_error(std::to_string(answers.size())); }
    const int node = answers[0].back() - '0';
    return world.epoch->compiled->config.clusters[static_cast<std::size_t>(node - 1)].id.text;
  }
  std::vector<std::string> ask_all(const std::string& client) {
    std::vector<std::string> out;
    for (int i = 0; i < kNames; ++i) { out.push_back(ask(client, "n" + std::to_string(i))); }
    return out;
  }
  // One that has seen nothing yet.
  Planner planner() const {
    const auto& compiled = *world.epoch->compiled;
    return Planner(world.epoch->costs, *compiled.services, *compiled.geo);
  }
  void kill(const std::string& cluster) { world.set_admin(cluster, AdminState::kDown); }
  void revive(const std::string& cluster) { world.set_admin(cluster, AdminState::kNone); }

  tests::World world;
};

double share(const std::vector<std::string>& names, const std::string& cluster) {
  return static_cast<double>(std::count(names.begin(), names.end(), cluster)) / kNames;
}

double moved(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  int count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) { count += int{a[i] != b[i]}; }
  return static_cast<double>(count) / kNames;
}

TEST(NearestPolicy, GoesByDistanceAndNeitherMoneyNorLoad) {
  Policies it("[service.web]\npolicy = 'nearest'\n");
  EXPECT_EQ(it.ask(kEurope, "a"), "fra");
  EXPECT_EQ(it.ask(kAmerica, "a"), "nyc");
  EXPECT_EQ(it.ask(kOceania, "a"), "syd") << "though it is dear";
  it.kill("syd");
  EXPECT_EQ(it.ask(kOceania, "a"), "nyc") << "14,200 km; Frankfurt is 18,000";
  it.revive("syd");
  EXPECT_EQ(it.ask(kOceania, "a"), "syd");
}

TEST(FailoverPolicy, TakesTheFirstThatServesWhereverTheClientIs) {
  Policies it("[service.web]\npolicy = 'failover'\npools = ['nyc', 'syd', 'fra']\n");
  for (const char* client : {kEurope, kAmerica, kOceania}) {
    EXPECT_EQ(it.ask(client, "a"), "nyc");
  }
  it.kill("nyc");
  EXPECT_EQ(it.ask(kEurope, "a"), "syd");
  it.kill("syd");
  EXPECT_EQ(it.ask(kEurope, "a"), "fra");
  it.revive("nyc");
  EXPECT_EQ(it.ask(kEurope, "a"), "nyc") << "back at once";
  it.kill("nyc");
  it.kill("fra");
  EXPECT_EQ(it.ask(kEurope, "a"), "nyc") << "all down: as if all served; lon is not in the list";
}

TEST(WeightedPolicy, DealsNamesOutByWeight) {
  Policies it(
      "[service.web]\npolicy = 'weighted'\nweights = { fra = 5, lon = 3, nyc = 2, syd = 0 }\n");
  const auto names = it.ask_all(kEurope);
  EXPECT_NEAR(share(names, "fra"), 0.5, 0.04);
  EXPECT_NEAR(share(names, "lon"), 0.3, 0.04);
  EXPECT_NEAR(share(names, "nyc"), 0.2, 0.04);
  EXPECT_EQ(share(names, "syd"), 0);
  EXPECT_EQ(it.ask_all(kEurope), names) << "a name keeps its answer";
}

TEST(WeightedPolicy, ADeathMovesTheNamesOfTheDeadAndNoOthers) {
  Policies it(
      "[service.web]\npolicy = 'weighted'\nweights = { fra = 5, lon = 3, nyc = 2, syd = 0 }\n");
  const auto before = it.ask_all(kEurope);
  it.kill("lon");
  const auto after = it.ask_all(kEurope);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != "lon") { ASSERT_EQ(after[i], before[i]); }
  }
  EXPECT_NEAR(share(after, "fra"), 0.5 / 0.7, 0.04) << "the others share them by weight";
  EXPECT_NEAR(share(after, "nyc"), 0.2 / 0.7, 0.04);
  it.revive("lon");
  EXPECT_EQ(it.ask_all(kEurope), before);
  for (const char* id : {"fra", "lon", "nyc"}) { it.kill(id); }
  EXPECT_EQ(share(it.ask_all(kEurope), "syd"), 1) << "no weight: when no other can";
}

TEST(WeightedPolicy, AChangeOfTenPercentMovesAboutTenPercent) {
  Policies before(
      "[service.web]\npolicy = 'weighted'\npools = ['fra', 'lon']\nweights = { fra = 60, lon = 40 "
      "}\n");
  Policies after(
      "[service.web]\npolicy = 'weighted'\npools = ['fra', 'lon']\nweights = { fra = 50, lon = 50 "
      "}\n");
  EXPECT_NEAR(moved(before.ask_all(kEurope), after.ask_all(kEurope)), 0.1, 0.025);
}

TEST(WeightedPolicy, AllFamiliesOfANameAgree) {
  Policies it("[service.web]\npolicy = 'round_robin'\n");
  for (int i = 0; i < 200; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_EQ(it.ask(kEurope, name), it.ask(kEurope, name, RrType::kAaaa));
  }
}

TEST(RoundRobinPolicy, SharesEvenly) {
  Policies it("[service.web]\npolicy = 'round_robin'\n");
  const auto names = it.ask_all(kEurope);
  for (const char* id : {"fra", "lon", "nyc", "syd"}) { EXPECT_NEAR(share(names, id), 0.25, 0.03); }
}

TEST(StickyPolicy, AClientKeepsItsClusterForAllNames) {
  std::string networks;
  for (int i = 0; i < 200; ++i) {
    networks += "[[override]]\nprefix = '10.0." + std::to_string(i) +
                ".0/24'\nset_asn = " + std::to_string(65000 + i) + "\n";
  }
  Policies it("[service.web]\npolicy = 'sticky'\nweights = { fra = 2 }\n", networks);
  std::map<std::string, int> clients;
  std::vector<std::string> before;
  for (int i = 0; i < 200; ++i) {
    const std::string client = "10.0." + std::to_string(i) + ".0/24";
    std::set<std::string> seen;
    for (int name = 0; name < 20; ++name) {
      seen.insert(it.ask(client, "n" + std::to_string(name)));
    }
    ASSERT_EQ(seen.size(), 1U);
    before.push_back(*seen.begin());
    ++clients[*seen.begin()];
  }
  EXPECT_NEAR(clients["fra"], 80, 25);
  EXPECT_NEAR(clients["syd"], 40, 20);
  it.kill("fra");
  for (int i = 0; i < 200; ++i) {
    const std::string& then = before[static_cast<std::size_t>(i)];
    if (then == "fra") { continue; }
    ASSERT_EQ(it.ask("10.0." + std::to_string(i) + ".0/24", "n1"), then);
  }
}

const char* const kMaps = R"(
[pool.europe]
clusters = ["fra", "lon"]
[map.world]
default = ["nyc", "europe"]
[map.world.continent]
EU = ["europe", "nyc"]
OC = ["syd"]
[map.world.country]
NZ = ["nyc", "syd"]
[map.world.asn]
64500 = ["lon"]
)";

TEST(GeoPolicy, TheMostExactEntryHolds) {
  Policies it("[service.web]\npolicy = 'geo'\nmap = 'world'\n", kMaps);
  EXPECT_EQ(it.ask(kEurope, "a"), "lon") << "by its network";
  EXPECT_EQ(it.ask(kOceania, "a"), "nyc") << "by its country";
  EXPECT_EQ(it.ask(kAmerica, "a"), "nyc") << "no entry: default";
  it.kill("nyc");
  EXPECT_EQ(it.ask(kOceania, "a"), "syd");
  EXPECT_EQ(it.ask(kAmerica, "a"), "fra") << "the pool, as listed";
  it.kill("lon");
  EXPECT_EQ(it.ask(kEurope, "a"), "lon") << "nobody else is in its list: as if all served";
}

TEST(GeoPolicy, ContinentsHoldWhereNothingMoreExactDoes) {
  Policies it("[service.web]\npolicy = 'geo'\nmap = 'world'\n",
              std::string(kMaps) +
                  "[[override]]\nprefix = '10.0.0.0/24'\nset_country = 'FR'\n"
                  "[[override]]\nprefix = '10.0.1.0/24'\nset_country = 'AU'\n");
  EXPECT_EQ(it.ask("10.0.0.0/24", "a"), "fra");
  EXPECT_EQ(it.ask("10.0.1.0/24", "a"), "syd");
}

TEST(Pools, AreTriedInOrderEachByItsOwnPolicy) {
  Policies it(
      "[service.web]\npolicy = 'failover'\npools = ['europe', 'rest']\n",
      "[pool.europe]\nclusters = ['fra', 'lon']\npolicy = 'weighted'\nweights = { fra = 3 }\n"
      "[pool.rest]\nclusters = ['nyc', 'syd']\npolicy = 'nearest'\n");
  EXPECT_NEAR(share(it.ask_all(kOceania), "fra"), 0.75, 0.04);
  it.kill("fra");
  EXPECT_EQ(share(it.ask_all(kOceania), "lon"), 1);
  it.kill("lon");
  EXPECT_EQ(it.ask(kOceania, "a"), "syd");
  EXPECT_EQ(it.ask(kAmerica, "a"), "nyc");
  it.revive("lon");
  EXPECT_EQ(it.ask(kAmerica, "a"), "lon");
}

TEST(Pools, OfThePlannersOwnPolicySpillIntoTheNextWhenFull) {
  Policies it("[service.web]\npools = ['europe', 'rest']\n",
              "[pool.europe]\nclusters = ['fra']\n[pool.rest]\nclusters = ['syd', 'nyc']\n");
  EXPECT_EQ(it.ask(kAmerica, "a"), "fra") << "the first pool, though it is far";
  Planner planner = it.planner();
  planner.set_load_factor(it.world.cluster("fra"), 10);  // room for a tenth of a query a second
  Demand demand{.expected = {25, 25, 25, 25}, .recent = {25, 25, 25, 25}};
  std::vector<ClusterInput> inputs(4, {.serving = true});
  inputs[0].has_capacity = true;
  const Plan plan = planner.plan(demand, inputs);
  EXPECT_LT(plan.summary.planned_load[0], 1);
  EXPECT_GT(plan.summary.planned_load[2], 20) << "America's";
  EXPECT_EQ(plan.summary.planned_load[1], 0) << "in no pool";
}

TEST(Capacity, PoliciesObeyItOnlyWhereAsked) {
  const std::vector<float> recent(4, 25);
  std::vector<ClusterInput> inputs(4, {.serving = true});
  inputs[0].has_capacity = true;
  for (const bool obeys : {false, true}) {
    Policies it(std::string("[service.web]\npolicy = 'failover'\npools = ['fra', 'lon']\n") +
                (obeys ? "obey_capacity = true\n" : ""));
    Planner planner = it.planner();
    planner.set_load_factor(it.world.cluster("fra"), 1 / 40.0);
    const Plan plan = planner.plan({.expected = {25, 25, 25, 25}, .recent = recent}, inputs);
    EXPECT_NEAR(plan.summary.planned_load[0], obeys ? 40 : 100, 1e-6);
    EXPECT_NEAR(plan.summary.planned_load[1], obeys ? 60 : 0, 1e-6);
  }
}

TEST(Capacity, WhatPoliciesPutOnAClusterLeavesLessToOthers) {
  Policies it("[service.web]\npolicy = 'failover'\npools = ['fra']\n[service.other]\n");
  Planner planner = it.planner();
  planner.set_load_factor(it.world.cluster("fra"), 1 / 60.0);
  std::vector<ClusterInput> inputs(4, {.serving = true});
  inputs[0].has_capacity = true;
  const std::size_t units = it.world.snapshot->geo->units().size();
  Demand demand{.expected = std::vector<double>(2 * units, 0),
                .recent = std::vector<float>(2 * units, 0)};
  const auto europe = it.world.snapshot->geo->find(*gslb::Address::parse("198.51.100.1")).unit;
  demand.expected[europe] = demand.expected[units + europe] = 40;
  const Plan plan = planner.plan(demand, inputs);
  EXPECT_NEAR(plan.summary.planned_load[0], 60, 1e-6);
  EXPECT_NEAR(plan.summary.planned_load[1], 20, 1e-6);
}

// What the first window of a configuration says at a time; 0: none holds.
int variant(const std::string& window, const std::string& time) {
  gslb::Problems problems;
  const auto config = gslb::config::parse(
      std::string(kFleet) + "[service.web]\n[[service.web.scheduled]]\npools = ['lon']\n" + window,
      "f", problems);
  if (!config) { throw std::runtime_error(problems.to_string()); }
  std::tm utc{};
  ::strptime(time.c_str(), "%Y-%m-%d %H:%M:%S", &utc);
  const auto policy = compile_policy(*config, config->services[0], problems);
  return policy.variant_at(std::chrono::system_clock::from_time_t(::timegm(&utc)));
}

TEST(Scheduled, WindowsBeginAndEndToTheMinute) {
  const std::string evening = "from = '18:30'\nto = '23:00'\n";
  EXPECT_EQ(variant(evening, "2026-03-02 18:29:59"), 0);
  EXPECT_EQ(variant(evening, "2026-03-02 18:30:00"), 1);
  EXPECT_EQ(variant(evening, "2026-03-02 22:59:59"), 1);
  EXPECT_EQ(variant(evening, "2026-03-02 23:00:00"), 0);
}

TEST(Scheduled, DaysAreThoseTheWindowBeginsOnInItsOwnTime) {
  const std::string nights = "days = ['fri', 'sat']\nfrom = '22:00'\nto = '06:00'\n";
  EXPECT_EQ(variant(nights, "2026-03-05 23:00:00"), 0) << "Thursday";
  EXPECT_EQ(variant(nights, "2026-03-06 23:00:00"), 1) << "Friday";
  EXPECT_EQ(variant(nights, "2026-03-08 05:59:00"), 1) << "Saturday's, on Sunday";
  EXPECT_EQ(variant(nights, "2026-03-08 23:00:00"), 0) << "Sunday";
  const std::string india = "days = 'mon'\nfrom = '00:00'\nto = '01:00'\nutc_offset = '+05:30'\n";
  EXPECT_EQ(variant(india, "2026-03-01 18:30:00"), 1) << "Sunday by UTC";
  EXPECT_EQ(variant(india, "2026-03-02 00:30:00"), 0);
  EXPECT_EQ(variant("days = 'wed'\nutc_offset = '-03:00'\n", "1969-12-31 03:00:00"), 1);
  EXPECT_EQ(variant("days = 'wed'\nutc_offset = '-03:00'\n", "1969-12-31 02:59:00"), 0);
}

TEST(Scheduled, TheNextPlanGoesByTheNewHours) {
  Policies it(R"([service.web]
[[service.web.scheduled]]
from = "01:00"
to = "02:00"
policy = "failover"
pools = ["syd", "nyc"]
)");
  EXPECT_EQ(it.ask(kEurope, "a"), "fra");
  it.world.advance(std::chrono::minutes(61));
  EXPECT_EQ(it.ask(kEurope, "a"), "syd");
  it.kill("syd");
  EXPECT_EQ(it.ask(kEurope, "a"), "nyc");
  it.world.advance(std::chrono::minutes(60));
  EXPECT_EQ(it.ask(kEurope, "a"), "fra") << "and back, all at once";
}

TEST(Overrides, BanAndPreferHoldWhateverThePolicy) {
  Policies it("[service.web]\npolicy = 'round_robin'\n",
              "[[override]]\ncountry = 'DE'\nban = ['lon']\n"
              "[[override]]\ncountry = 'US'\nprefer = ['syd']\n");
  const auto europe = it.ask_all(kEurope);
  EXPECT_EQ(share(europe, "lon"), 0);
  EXPECT_NEAR(share(europe, "fra"), 1.0 / 3, 0.04);
  EXPECT_EQ(share(it.ask_all(kAmerica), "syd"), 1);
  it.kill("syd");
  EXPECT_NEAR(share(it.ask_all(kAmerica), "fra"), 1.0 / 3, 0.04);
}

TEST(Policies, MoreClustersThanARowHoldsCantShareNames) {
  std::string fleet = "[[zone]]\nname = 'example.'\nfile = 'z'\n";
  for (std::size_t i = 0; i <= kMaxRowChoices; ++i) {
    fleet += "[cluster.c" + std::to_string(i) +
             "]\nlatitude = 0\nlongitude = 0\nhealth = 'none'\n"
             "node = [{ id = 'a', ipv4 = '192.0.2.1' }]\n";
  }
  gslb::Problems problems;
  const auto config =
      gslb::config::parse(fleet + "[service.web]\npolicy = 'round_robin'\n", "f", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_EQ(compile_services(*config, problems), nullptr);
  EXPECT_NE(problems.to_string().find("has 33 clusters, over 32"), std::string::npos);
}

}  // namespace
