#include "edge/report/host_use.h"

#include <gtest/gtest.h>

namespace edge::report {
namespace {

TEST(HostGroups, ExactGoesBeforeWildcardAndLongerBeforeShorter) {
  WorkerCounters counters;
  const HostGroups groups({"*.example.com", "www.example.com", "*.video.example.com"},
                          counters.hosts);
  for (const auto& [host, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"www.example.com", "www.example.com"},
           {"www.example.com:8080", "www.example.com"},
           {"a.example.com", "*.example.com"},
           {"a.b.example.com", "*.example.com"},
           {"a.video.example.com", "*.video.example.com"},
           {"video.example.com", "*.example.com"},
           {"example.com", "*"},
           {"", "*"},
           {"[2001:db8::1]:80", "*"},
           {"notexample.com", "*"},
       }) {
    EXPECT_EQ(groups.of(host).name, expected) << host;
  }
}

TEST(HostGroups, ReloadsKeepWhatWasCounted) {
  WorkerCounters counters;
  HostGroups({"a.example"}, counters.hosts).of("a.example").requests.add(3);
  const HostGroups later({"b.example", "a.example"}, counters.hosts);
  EXPECT_EQ(later.of("a.example").requests.value(), 3U);
  EXPECT_EQ(counters.hosts.size(), 3U) << "with \"*\"";
}

TEST(HostGroups, TooManyNamesCountAsAllOthers) {
  WorkerCounters counters;
  for (int i = 0; i < 3'000; ++i) {
    const std::string name = "h" + std::to_string(i) + ".example";
    HostGroups({name}, counters.hosts).of(name).requests.add();
  }
  EXPECT_LE(counters.hosts.size(), NamedCounters<HostCounters>::kMost);
  const auto sums = host_use({&counters});
  std::uint64_t all = 0;
  for (const auto& [name, use] : sums) { all += use.requests; }
  EXPECT_EQ(all, 3'000U);
  EXPECT_GT(sums.at("*").requests, 1'900U);
}

TEST(HostMeter, TellsWhatIsNewOfAllWorkers) {
  WorkerCounters a;
  WorkerCounters b;
  HostMeter meter;
  a.hosts.of("x").requests.add(5);
  b.hosts.of("x").requests.add(2);
  b.hosts.of("x").hits.add(1);
  b.hosts.of("x").octets.add(100);
  auto news = meter.take(host_use({&a, &b}));
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].requests, 7U);
  EXPECT_EQ(news[0].hits, 1U);
  EXPECT_TRUE(meter.take(host_use({&a, &b})).empty()) << "nothing new";
  a.hosts.of("x").requests.add(1);
  news = meter.take(host_use({&a, &b}));
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].requests, 1U);
  EXPECT_EQ(news[0].octets, 0U);
}

TEST(HostMeter, WhatDoesNotFitIsToldLaterAndNothingIsLost) {
  WorkerCounters worker;
  for (std::size_t i = 0; i < 100; ++i) {
    HostCounters& host = worker.hosts.of("h" + std::to_string(i));
    host.requests.add(1);
    host.octets.add(1000 + i);
  }
  HostMeter meter;
  const auto first = meter.take(host_use({&worker}));
  ASSERT_EQ(first.size(), gslb::fleet::kMaxReportHosts);
  EXPECT_EQ(first.front().hosts, "h99") << "the busiest first";
  const auto second = meter.take(host_use({&worker}));
  EXPECT_EQ(first.size() + second.size(), 100U);
}

}  // namespace
}  // namespace edge::report
