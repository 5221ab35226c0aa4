#include "metrics_fixture.h"

#include <limits>

#include "gslb/zone/loader.h"

namespace gslb::metrics {
namespace {

constexpr const char* kConfig = R"(
[[zone]]
name = "example."
file = "example.zone"

[cluster.fra]
latitude = 50.1
longitude = 8.7
key = "0123456789abcdef"
[cluster.fra.capacity.requests_per_s]
target = 800
max = 1000
[cluster.fra.capacity.cache_octets_per_s]
target = 10
max = 20
[[cluster.fra.node]]
id = "n1"
ipv4 = "203.0.113.1"
[[cluster.fra.node]]
id = "n2"
ipv4 = "203.0.113.2"

[cluster.syd]
latitude = -33.9
longitude = 151.2
health = "none"
[[cluster.syd.node]]
id = "n1"
ipv4 = "192.0.2.1"

[service.web]
[service.video]

[[route]]
name = "www.example."
service = "web"
)";

constexpr const char* kZone =
    "@ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n"
    "@ 300 IN NS ns\n"
    "ns 300 IN A 192.0.2.53\n";

std::shared_ptr<answer::Snapshot> make_snapshot() {
  Problems problems;
  const auto config = config::parse(kConfig, "f.toml", problems);
  EXPECT_EQ(problems.to_string(), "");
  const auto zone =
      zone::load_zone_text(*dns::Name::parse("example."), kZone, "example.zone", {}, problems);
  EXPECT_EQ(problems.to_string(), "");
  auto snapshot = std::make_shared<answer::Snapshot>();
  snapshot->generation = 7;
  snapshot->identity = std::make_shared<answer::Identity>();
  snapshot->zones = std::make_shared<zone::ZoneSet>(std::vector{zone});
  snapshot->geo = geo::GeoMap::empty();
  snapshot->services = steer::compile_services(*config, problems);
  snapshot->map = std::make_shared<steer::AnswerMap>(2, 1);
  snapshot->fleet = fleet::FleetModel::compile(*config);
  snapshot->health = std::make_shared<fleet::HealthBoard>(2);
  snapshot->demand = std::make_shared<steer::DemandCounters>(2, 2, 1);
  measure::Estimator estimator(snapshot->geo->units(), {{"fra", {50, 8}}, {"nyc", {40, -74}}},
                               {.base_ms = 4, .ms_per_km = 0.02});
  estimator.add({.unit = 0, .cluster = 0, .rtt_ms = 30}, WallTime());
  estimator.add({.unit = 0, .cluster = 0, .rtt_ms = -1}, WallTime());
  estimator.add_cache(0, {.requests = 1000, .hits = 900});
  snapshot->estimates = estimator.refresh(WallTime());
  return snapshot;
}

fleet::NodeStatus make_node(const std::string& id, fleet::NodeHealth health, bool serving) {
  fleet::NodeStatus node;
  node.id = id;
  node.health = health;
  node.serving = serving;
  return node;
}

std::vector<fleet::ClusterStatus> make_clusters() {
  fleet::ClusterStatus fra;
  fra.id = "fra";
  fra.serving_nodes = 0b01;
  fra.load = {{"requests_per_s", 400, 800, 1000}, {"cache_octets_per_s", 3, 10, 20}};
  fra.utilisation = 0.5;
  fra.nodes = {make_node("n1", fleet::NodeHealth::kUp, true),
               make_node("n2", fleet::NodeHealth::kStale, false)};
  fra.nodes[0].heartbeat_age = milliseconds(250);
  fra.nodes[0].load_ratio = 1.1;
  fra.nodes[0].figures.store = {1000, 2000, 3000, 4000, true};
  fra.nodes[0].figures.conditions = {{"disk", ""}};
  fleet::ClusterStatus syd;
  syd.id = "syd";
  syd.health_kind = fleet::HealthKind::kAssumedUp;
  syd.admin = fleet::AdminState::kDrain;
  syd.nodes = {make_node("n1", fleet::NodeHealth::kUnknown, false)};
  return {fra, syd};
}

}  // namespace

Fixture::Fixture() : snapshot(make_snapshot()) {
  decisions = std::make_shared<answer::DecisionCounters>(2, 2, 2);
  snapshot->decisions = decisions;
  const WallTime start{seconds(1'700'000'000)};
  input.version = "1.2.3";
  input.services = {{"web", {}, {{"fra", 2, 1, 2}}}};
  input.started = start;
  input.ready = true;
  input.answers = {&answers[0], &answers[1]};
  input.servers = {&servers[0], &servers[1]};
  input.snapshot = snapshot;
  input.clusters = make_clusters();
  input.groups = {{.id = "metro",
                   .clusters = {"fra", "syd"},
                   .load = {{"egress_bits_per_s", 4e9, 8e9, 9e9}},
                   .utilisation = 0.5}};
  input.monitors = {{.monitor = "web",
                     .kind = "http",
                     .item = "203.0.113.1",
                     .state = fleet::MonitorState::kDown,
                     .since = start,
                     .last_at = start,
                     .last = fleet::Outcome::kBad,
                     .reason = "status 503",
                     .took = milliseconds(12),
                     .good = 7,
                     .bad = 3,
                     .nodes = {"fra/n1"},
                     .services = {}}};
  input.suspicion = {.active = true, .since = start, .share = 0.5, .held_nodes = 2, .times = 1};
  input.plan = steer::PlanSummary{.number = 3,
                                  .feasible = true,
                                  .over_scale = 1.25,
                                  .units = 1,
                                  .distinct_rows = 2,
                                  .demand_per_s = 12.5,
                                  .moved_share = 0.1,
                                  .price_ms = {12.5, 0, 4},
                                  .planned_load = {10, 2.5, 12.5},
                                  .capacity = {20, std::numeric_limits<double>::infinity(), 12.5},
                                  .surcharge_per_gb = {0.05, 0},
                                  .scale_if_lost = {1.21, 1, 1.5},
                                  .service_load = {1, 2.5}};
  input.transfers = &transfers;
  input.notifier = &notifier;
  input.plans = 3;
  input.last_plan_duration_s = 0.002;
  input.last_plan_at = start + milliseconds(1500);
  input.reloads_succeeded = 2;
  input.reloads_failed = 1;
  input.last_reload_succeeded = false;
  input.last_reload_at = start + seconds(9);
  input.secondaries.emplace();
  dnssec::SigningStatus signed_zone;
  signed_zone.apex = *dns::Name::parse("example.");
  signed_zone.first_expiration = start + seconds(86400);
  input.signing.push_back(std::move(signed_zone));
  input.tls_not_after = start + seconds(86400);
}

}  // namespace gslb::metrics
