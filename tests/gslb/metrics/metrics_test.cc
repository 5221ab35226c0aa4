#include <cmath>

#include "gslb/metrics/process.h"

#include "metrics_fixture.h"

namespace gslb::metrics {
namespace {

TEST(Metrics, SumQueriesOverWorkersByTransportAndFamily) {
  Fixture f;
  f.answers[0].queries[0][0].add(5);
  f.answers[1].queries[0][0].add(2);
  f.answers[1].queries[1][1].add(9);
  f.answers[0].queries[2][0].add(3);
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape[R"(proxima_queries_total{transport="udp",family="ipv4"})"], 7);
  EXPECT_EQ(scrape[R"(proxima_queries_total{transport="tcp",family="ipv6"})"], 9);
  EXPECT_EQ(scrape[R"(proxima_queries_total{transport="tcp",family="ipv4"})"], 0);
  EXPECT_EQ(scrape[R"(proxima_queries_total{transport="tls",family="ipv4"})"], 3);
  EXPECT_EQ(scrape.count_with("proxima_queries_total"), 6U);
  EXPECT_EQ(scrape["proxima_workers"], 2);
}

TEST(Metrics, KeepLargeCountersExact) {
  Fixture f;
  f.answers[0].queries[0][0].add(9'007'199'254'740'991);  // 2^53 - 1
  EXPECT_NE(render(f.input).find(" 9007199254740991\n"), std::string::npos);
}

TEST(Metrics, ShowOwnRcodesFromTheStartAndOthersOnceSeen) {
  Fixture f;
  f.answers[0].responses_by_rcode[3].add(4);
  f.answers[1].responses_by_rcode[16].add(1);
  const Scrape before = f.scrape();
  EXPECT_EQ(before[R"(proxima_responses_total{rcode="NXDOMAIN"})"], 4);
  EXPECT_EQ(before[R"(proxima_responses_total{rcode="BADVERS"})"], 1);
  EXPECT_EQ(before[R"(proxima_responses_total{rcode="SERVFAIL"})"], 0);
  EXPECT_EQ(before.count_with("proxima_responses_total"), 8U);
  f.answers[0].responses_by_rcode[23].add(1);
  EXPECT_EQ(f.scrape().count_with("proxima_responses_total"), 9U);
}

TEST(Metrics, CountRateLimitsAndCookies) {
  Fixture f;
  f.answers[0].rate_limited[1].dropped.add(7);
  f.answers[1].rate_limited[1].dropped.add(1);
  f.answers[1].cookies[3].add(4);
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape[R"(proxima_rate_limited_total{class="negative",action="dropped"})"], 8);
  EXPECT_EQ(scrape.count_with("proxima_rate_limited_total"), 12U);
  EXPECT_EQ(scrape[R"(proxima_cookies_total{state="good"})"], 4);
  EXPECT_EQ(scrape.count_with("proxima_cookies_total"), 4U);
}

TEST(Metrics, NameEveryRefusalAndEcsUse) {
  Fixture f;
  for (std::size_t i = 0; i < answer::kRefusalCount; ++i) { f.answers[0].refusals[i].add(10 + i); }
  for (std::size_t i = 0; i < answer::kEcsUseCount; ++i) { f.answers[1].ecs[i].add(20 + i); }
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape[R"(proxima_refusals_total{reason="short"})"], 10);
  EXPECT_EQ(scrape[R"(proxima_refusals_total{reason="malformed_ecs"})"], 14);
  EXPECT_EQ(scrape[R"(proxima_refusals_total{reason="not_ours"})"], 17);
  EXPECT_EQ(scrape.count_with("proxima_refusals_total"), answer::kRefusalCount);
  EXPECT_EQ(scrape[R"(proxima_ecs_queries_total{use="none"})"], 20);
  EXPECT_EQ(scrape[R"(proxima_ecs_queries_total{use="static"})"], 24);
}

TEST(Metrics, CountDroppedTruncatedEdnsAndRoutedApart) {
  Fixture f;
  f.answers[0].dropped.add(1);
  f.answers[0].truncated.add(2);
  f.answers[1].edns.add(3);
  f.answers[1].routed.add(4);
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape["proxima_dropped_queries_total"], 1);
  EXPECT_EQ(scrape["proxima_truncated_responses_total"], 2);
  EXPECT_EQ(scrape["proxima_edns_queries_total"], 3);
  EXPECT_EQ(scrape["proxima_routed_responses_total"], 4);
}

// Bounds and counts of the latency histogram in the order shown.
std::vector<std::pair<double, double>> buckets_of(const Scrape& scrape) {
  std::vector<std::pair<double, double>> buckets;
  const std::string prefix = "proxima_query_duration_seconds_bucket{le=\"";
  for (const auto& [name, count] : scrape.series) {
    if (!name.starts_with(prefix)) { continue; }
    buckets.emplace_back(std::stod(name.substr(prefix.size())), count);  // "+Inf" too
  }
  std::sort(buckets.begin(), buckets.end());
  return buckets;
}

TEST(LatencyHistogram, IsCumulativeInSecondsAndEndsInInfinity) {
  Fixture f;
  f.answers[0].latency_ns.record(0);
  f.answers[0].latency_ns.record(100);
  f.answers[0].latency_ns.record(255);
  f.answers[1].latency_ns.record(256);
  f.answers[1].latency_ns.record(1'000'000);
  f.answers[1].latency_ns.record(3'000'000'000);  // beyond the last bound
  const Scrape scrape = f.scrape();
  const auto buckets = buckets_of(scrape);
  ASSERT_EQ(buckets.size(), 18U);
  EXPECT_DOUBLE_EQ(buckets[0].first, 256e-9);
  EXPECT_EQ(buckets[0].second, 3);  // all that is under 256 ns
  EXPECT_DOUBLE_EQ(buckets[1].first, 512e-9);
  EXPECT_EQ(buckets[1].second, 4);
  EXPECT_DOUBLE_EQ(buckets[16].first, 16'777'216e-9);
  EXPECT_EQ(buckets[16].second, 5);
  EXPECT_TRUE(std::isinf(buckets[17].first));
  EXPECT_EQ(buckets[17].second, 6);
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    EXPECT_GE(buckets[i].second, buckets[i - 1].second);
  }
  EXPECT_EQ(scrape["proxima_query_duration_seconds_count"], 6);
  EXPECT_NEAR(scrape["proxima_query_duration_seconds_sum"], 3.001000611, 1e-12);
  EXPECT_EQ(scrape.types.at("proxima_query_duration_seconds"), "histogram");
}

TEST(Metrics, NameDecisionsByServiceClusterAndReason) {
  Fixture f;
  f.decisions->count(0, 0, 0, steer::Reason::kBest);
  f.decisions->count(1, 0, 0, steer::Reason::kBest);
  f.decisions->count(1, 1, 1, steer::Reason::kSpill);
  f.decisions->count(0, 1, fleet::kNoCluster, steer::Reason::kFallback);
  const Scrape scrape = f.scrape();
  const auto value = [&](const std::string& labels) {
    return scrape["proxima_decisions_total{" + labels + "}"];
  };
  EXPECT_EQ(value(R"(service="web",cluster="fra",reason="best")"), 2);
  EXPECT_EQ(value(R"(service="video",cluster="syd",reason="spill")"), 1);
  EXPECT_EQ(value(R"(service="video",cluster="none",reason="fallback")"), 1);
  // Idle: reason "best" only.
  EXPECT_EQ(value(R"(service="video",cluster="fra",reason="best")"), 0);
  EXPECT_EQ(value(R"(service="web",cluster="fra",reason="failover")"), -1);
  EXPECT_EQ(scrape.count_with("proxima_decisions_total"), 6U);
}

TEST(Metrics, ShowHealthAsOneSeriesAStateAndServingAsAFlag) {
  const Scrape scrape = Fixture().scrape();
  EXPECT_EQ(scrape[R"(proxima_cluster_serving{cluster="fra"})"], 1);
  EXPECT_EQ(scrape[R"(proxima_cluster_serving{cluster="syd"})"], 0);
  EXPECT_EQ(scrape[R"(proxima_cluster_serving_nodes{cluster="fra"})"], 1);
  EXPECT_EQ(scrape[R"(proxima_cluster_nodes{cluster="fra"})"], 2);
  EXPECT_EQ(scrape[R"(proxima_cluster_admin_state{cluster="syd",state="drain"})"], 1);
  EXPECT_EQ(scrape[R"(proxima_cluster_admin_state{cluster="syd",state="none"})"], 0);
  EXPECT_EQ(scrape[R"(proxima_node_serving{cluster="fra",node="n2"})"], 0);
  EXPECT_EQ(scrape[R"(proxima_node_health{cluster="fra",node="n2",state="stale"})"], 1);
  EXPECT_EQ(scrape[R"(proxima_node_health{cluster="fra",node="n2",state="up"})"], 0);
  EXPECT_EQ(scrape.count_with("proxima_node_health{"), 3U * 5U);
}

TEST(Metrics, GiveNoHeartbeatAgeBeforeTheFirst) {
  const Scrape scrape = Fixture().scrape();
  EXPECT_EQ(scrape[R"(proxima_node_heartbeat_age_seconds{cluster="fra",node="n1"})"], 0.25);
  EXPECT_EQ(scrape.count_with("proxima_node_heartbeat_age_seconds"), 1U);
}

TEST(Metrics, CountHeartbeatsByVerdict) {
  Fixture f;
  f.input.heartbeats[0] = 8;
  f.input.heartbeats[fleet::kHeartbeatVerdicts - 1] = 2;
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape[R"(proxima_heartbeats_total{verdict="accepted"})"], 8);
  EXPECT_EQ(scrape[R"(proxima_heartbeats_total{verdict="future_incarnation"})"], 2);
  EXPECT_EQ(scrape.count_with("proxima_heartbeats_total"), fleet::kHeartbeatVerdicts);
}

TEST(Metrics, TakeNoLabelFromAHeartbeat) {
  Fixture f;
  f.input.clusters[0].load.push_back({"made_up_by_an_edge", 1, 2, 3});
  f.input.clusters[1].load.push_back({"connections", 50, 0, 0});
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape[R"(proxima_cluster_load{cluster="fra",resource="requests_per_s"})"], 400);
  EXPECT_EQ(scrape[R"(proxima_cluster_load{cluster="fra",resource="cache_octets_per_s"})"], 3);
  EXPECT_EQ(scrape[R"(proxima_cluster_load_target{cluster="fra",resource="requests_per_s"})"], 800);
  EXPECT_EQ(scrape[R"(proxima_cluster_load_max{cluster="fra",resource="requests_per_s"})"], 1000);
  EXPECT_EQ(scrape[R"(proxima_cluster_utilisation_ratio{cluster="fra"})"], 0.5);
  EXPECT_EQ(render(f.input).find("made_up_by_an_edge"), std::string::npos);
  // A target nobody knows is no target of 0.
  EXPECT_EQ(scrape[R"(proxima_cluster_load{cluster="syd",resource="connections"})"], 50);
  EXPECT_EQ(scrape.count_with("proxima_cluster_load_target"), 2U);
}

TEST(Metrics, ShowThePlanInBaseUnits) {
  const Scrape scrape = Fixture().scrape();
  EXPECT_EQ(scrape[R"(proxima_cluster_price_seconds{cluster="fra"})"], 0.0125);
  EXPECT_EQ(scrape[R"(proxima_cluster_loss_target_scale_ratio{cluster="fra"})"], 1.21);
  EXPECT_EQ(scrape[R"(proxima_service_load_ratio{service="video"})"], 2.5);
  EXPECT_EQ(scrape[R"(proxima_cluster_planned_demand_per_second{cluster="syd"})"], 2.5);
  EXPECT_EQ(scrape[R"(proxima_cluster_capacity_demand_per_second{cluster="fra"})"], 20);
  EXPECT_EQ(scrape[R"(proxima_cluster_capacity_demand_per_second{cluster="syd"})"], -1);
  EXPECT_EQ(scrape["proxima_plan_target_scale_ratio"], 1.25);
  EXPECT_EQ(scrape["proxima_plan_feasible"], 1);
  EXPECT_EQ(scrape["proxima_plan_moved_ratio"], 0.1);
  EXPECT_EQ(scrape["proxima_plans_total"], 3);
  EXPECT_EQ(scrape["proxima_last_plan_timestamp_seconds"], 1'700'000'001.5);
  EXPECT_EQ(scrape["proxima_last_plan_duration_seconds"], 0.002);
}

TEST(Metrics, ShowWhatBecameOfRttSamples) {
  Fixture fixture;
  const Scrape scrape = fixture.scrape();
  EXPECT_EQ(scrape[R"(proxima_rtt_samples_total{result="taken"})"], 1);
  EXPECT_EQ(scrape[R"(proxima_rtt_samples_total{result="out_of_range"})"], 1);
  EXPECT_EQ(scrape[R"(proxima_rtt_samples_total{result="lost"})"], 0);
  EXPECT_EQ(scrape["proxima_rtt_pairs"], 1);
  EXPECT_EQ(scrape[R"(proxima_rtt_cluster_distrusted{cluster="fra"})"], 0);
  EXPECT_EQ(scrape["proxima_rtt_prior_base_seconds"], 0.004) << "no pair of a known place: as set";
  fixture.snapshot->estimates = nullptr;
  EXPECT_FALSE(fixture.scrape().types.contains("proxima_rtt_pairs"));
}

TEST(Metrics, ShowWhatIsLoadedAndHowReloadsWent) {
  const Scrape scrape = Fixture().scrape();
  EXPECT_EQ(scrape["proxima_snapshot_generation"], 7);
  EXPECT_EQ(scrape["proxima_zones"], 1);
  EXPECT_EQ(scrape["proxima_zone_records"], 3);
  EXPECT_EQ(scrape["proxima_routes"], 1);
  EXPECT_EQ(scrape["proxima_geo_units"], 1);
  EXPECT_GT(scrape[R"(proxima_snapshot_bytes{part="zones"})"], 0);
  EXPECT_EQ(scrape[R"(proxima_reloads_total{result="success"})"], 2);
  EXPECT_EQ(scrape[R"(proxima_reloads_total{result="failure"})"], 1);
  EXPECT_EQ(scrape["proxima_last_reload_successful"], 0);
  EXPECT_EQ(scrape["proxima_last_reload_timestamp_seconds"], 1'700'000'009);
  EXPECT_EQ(scrape["proxima_start_time_seconds"], 1'700'000'000);
  EXPECT_EQ(scrape[R"(proxima_build_info{version="1.2.3"})"], 1);
}

TEST(Metrics, SumSocketsOverWorkers) {
  Fixture f;
  f.servers[0].udp_queries.add(3);
  f.servers[1].udp_queries.add(4);
  f.servers[1].udp_dropped_send_full.add(6);
  f.servers[0].tcp_accepted.add(5);
  f.servers[0].tcp_closed_idle.add(2);
  f.servers[1].tcp.answer_octets.add(512);
  const Scrape scrape = f.scrape();
  EXPECT_EQ(scrape[R"(proxima_socket_queries_total{transport="udp"})"], 7);
  EXPECT_EQ(scrape[R"(proxima_socket_answer_bytes_total{transport="tcp"})"], 512);
  EXPECT_EQ(scrape[R"(proxima_udp_dropped_total{reason="send_full"})"], 6);
  EXPECT_EQ(scrape[R"(proxima_tcp_closed_connections_total{reason="idle"})"], 2);
  EXPECT_EQ(scrape["proxima_tcp_accepted_connections_total"], 5);
  EXPECT_EQ(scrape["proxima_tcp_open_connections"], 3);
}

TEST(Metrics, AreThereBeforeTheServerIsReady) {
  Input input;
  input.version = "1.2.3";
  const Scrape scrape{render(input)};
  EXPECT_EQ(scrape["proxima_ready"], 0);
  EXPECT_EQ(scrape["proxima_workers"], 0);
  EXPECT_EQ(scrape[R"(proxima_queries_total{transport="udp",family="ipv4"})"], 0);
  EXPECT_EQ(scrape["proxima_query_duration_seconds_count"], 0);
  EXPECT_EQ(scrape["proxima_snapshot_generation"], -1);
  EXPECT_EQ(scrape["proxima_last_plan_timestamp_seconds"], -1);
  EXPECT_EQ(scrape["proxima_last_reload_timestamp_seconds"], -1);
}

TEST(Metrics, ShowNoFamilyWithoutSamples) {
  Input input;
  for (const Scrape& scrape : {Scrape(render(input)), Fixture().scrape()}) {
    for (const auto& [family, type] : scrape.types) {
      EXPECT_TRUE(scrape.keys.contains(family)) << family << " of type " << type;
      EXPECT_GT(scrape.helps.at(family).size(), 5U) << family;
    }
  }
}

TEST(ProcessFigures, AreThoseOfThisProcess) {
  const auto figures = read_process_figures();
  ASSERT_TRUE(figures);
  EXPECT_GE(figures->open_fds, 3);
  EXPECT_GT(figures->max_fds, figures->open_fds);
  EXPECT_GT(figures->resident_memory_octets, 1 << 20);
  EXPECT_GT(figures->virtual_memory_octets, figures->resident_memory_octets);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LE(figures->started_s, now.count() + 2);  // btime is in whole seconds
  EXPECT_GT(figures->started_s, now.count() - 3600);
}

}  // namespace
}  // namespace gslb::metrics
