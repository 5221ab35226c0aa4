#include "edge/report/load.h"

#include <gtest/gtest.h>

#include "edge/report/exposition.h"
#include "edge/report/rtt.h"

namespace edge::report {
namespace {

using namespace std::chrono_literals;

TEST(LoadMeter, GivesRatesOfTheLastSecondWhateverTheInterval) {
  for (const auto interval : {50ms, 250ms, 1000ms}) {
    LoadMeter meter;
    gslb::MonoTime now{1h};
    std::uint64_t requests = 0;
    LoadMeter::Load load;
    EXPECT_EQ(meter.observe({}, now).requests_per_s, 0);
    for (auto passed = 0ms; passed < 5s; passed += interval) {
      now += interval;
      requests += static_cast<std::uint64_t>(interval.count()) / 10;  // 100 a second
      load = meter.observe({requests, requests * 1000, 7}, now);
    }
    EXPECT_DOUBLE_EQ(load.requests_per_s, 100);
    EXPECT_DOUBLE_EQ(load.egress_bits_per_s, 800'000);
    EXPECT_DOUBLE_EQ(load.connections, 7);
    for (auto passed = 0ms; passed < 1s; passed += interval) {
      now += interval;
      load = meter.observe({requests, requests * 1000, 0}, now);
    }
    EXPECT_DOUBLE_EQ(load.requests_per_s, 0);  // quiet for a second: nothing lingers
  }
}

TEST(CacheUse, IsOfWhatWasAskedOfStoreAndOriginSinceTheLastTime) {
  WorkerCounters worker;
  worker.count_request(200, CacheResult::kHit);
  const Totals before = sum({&worker});
  for (const CacheResult result :
       {CacheResult::kHit, CacheResult::kHit, CacheResult::kMiss, CacheResult::kCollapsed,
        CacheResult::kRevalidated, CacheResult::kStale, CacheResult::kBypass, CacheResult::kNone}) {
    worker.count_request(200, result);
  }
  const auto use = cache_use(before, sum({&worker}));
  EXPECT_EQ(use.requests, 7U) << "what the edge answers by itself is no matter of the cache";
  EXPECT_EQ(use.hits, 2U);
}

TEST(ResourceLoads, CarryTargetAndMaxOfTheConfiguration) {
  const auto loads = resource_loads({10, 20, 30}, {{"connections", 100, 200}});
  ASSERT_EQ(loads.size(), 3U);
  EXPECT_EQ(loads[0].resource, "requests_per_s");
  EXPECT_EQ(loads[0].max, 0);
  EXPECT_EQ(loads[2].current, 30);
  EXPECT_EQ(loads[2].target, 100);
  EXPECT_EQ(loads[2].max, 200);
}

TEST(RttCollector, BinsByPrefixKeepsTheSmallestAndIsBounded) {
  RttCollector collector;
  collector.add(*gslb::Address::parse("192.0.2.1"), 500);
  collector.add(*gslb::Address::parse("192.0.2.200"), 300);
  collector.add(*gslb::Address::parse("2001:db8:1:2::1"), 900);
  const auto samples = collector.drain();
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].client.to_string(), "192.0.2.0/24");
  EXPECT_EQ(samples[0].rtt_us, 300U);
  EXPECT_EQ(samples[0].count, 2U);
  EXPECT_EQ(samples[1].client.to_string(), "2001:db8:1::/48");
  EXPECT_TRUE(collector.drain().empty());
  for (std::uint32_t i = 0; i < 5000; ++i) { collector.add(gslb::Address::v4(i << 8), 1); }
  EXPECT_EQ(collector.drain().size(), gslb::fleet::kMaxReportRttSamples);
}

TEST(Exposition, SumsWorkersAndNamesEveryFamily) {
  WorkerCounters a;
  WorkerCounters b;
  a.count_request(200, CacheResult::kHit);
  b.count_request(206, CacheResult::kHit);
  a.ttfb_us.record(100);
  a.connections_opened.add(3);
  a.connections_closed.add();
  Figures figures;
  figures.workers = {&a, &b};
  figures.gslbs = {{"http://127.0.0.1:8053", 4, 1}};
  const std::string text = write_metrics(figures);
  EXPECT_NE(text.find("proxima_edge_requests_total{status=\"2xx\",cache=\"hit\"} 2\n"),
            std::string::npos);
  EXPECT_NE(text.find("proxima_edge_connections 2\n"), std::string::npos);
  EXPECT_NE(text.find("proxima_edge_heartbeats_total{gslb=\"http://127.0.0.1:8053\","
                      "result=\"sent\"} 4\n"),
            std::string::npos);
  EXPECT_NE(text.find("# TYPE proxima_edge_time_to_first_byte_seconds histogram\n"),
            std::string::npos);
}

}  // namespace
}  // namespace edge::report
