#include "edge/report/rtt.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace edge::report {
namespace {

using gslb::Address;

Address client(unsigned network, unsigned host = 1) {
  return Address::v4((10U << 24) + (network << 8) + host);
}

TEST(RttCollector, KeepsTheDistributionAndNotOnlyTheSmallest) {
  RttCollector collector;
  for (unsigned i = 0; i < 6; ++i) { collector.add(client(1, i), 10'000 + i); }
  for (unsigned i = 0; i < 4; ++i) { collector.add(client(1, 100 + i), 80'000); }
  const auto samples = collector.drain();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].client.to_string(), "10.0.1.0/24");
  EXPECT_EQ(samples[0].rtt_us, 10'000U);
  EXPECT_EQ(samples[0].count, 10U);
  ASSERT_EQ(samples[0].bins.size(), 2U);
  EXPECT_EQ(samples[0].bins[0].count, 6U);
  EXPECT_EQ(samples[0].bins[1].count, 4U);
  EXPECT_EQ(samples[0].bins[1].bin, gslb::fleet::rtt_bin(80'000));
  EXPECT_TRUE(collector.drain().empty());
}

TEST(RttCollector, DrawsTailsInWhereThereAreTooManyBins) {
  RttCollector collector;
  for (unsigned i = 0; i < 50; ++i) { collector.add(client(1), 20'000); }
  for (unsigned i = 0; i < 40; ++i) { collector.add(client(1), 1000U << (i % 14)); }
  const auto samples = collector.drain();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].bins.size(), gslb::fleet::kMaxReportRttBins);
  std::uint32_t sum = 0;
  std::uint32_t largest = 0;
  for (const auto& bin : samples[0].bins) {
    sum += bin.count;
    largest = std::max(largest, bin.count);
  }
  EXPECT_EQ(sum, 90U) << "none is lost";
  EXPECT_GE(largest, 50U);
}

TEST(RttCollector, NetworksWithFewConnectionsWaitForTheNextHeartbeat) {
  RttCollector collector;
  constexpr auto kMost = static_cast<unsigned>(gslb::fleet::kMaxReportRttSamples);
  for (unsigned i = 0; i < kMost + 10; ++i) { collector.add(client(i), 5000); }
  for (unsigned i = 10; i < kMost + 10; ++i) { collector.add(client(i), 4000); }
  const auto first = collector.drain();
  ASSERT_EQ(first.size(), kMost);
  for (const auto& sample : first) { EXPECT_EQ(sample.count, 2U) << sample.client.to_string(); }
  collector.add(client(3), 6000);
  const auto second = collector.drain();
  ASSERT_EQ(second.size(), 10U);
  EXPECT_EQ(second[0].client.to_string(), "10.0.3.0/24");
  EXPECT_EQ(second[0].count, 2U);
  EXPECT_EQ(second[0].rtt_us, 5000U);
}

TEST(RttCollector, IsBounded) {
  RttCollector collector;
  for (unsigned i = 0; i < RttCollector::kMost + 100; ++i) { collector.add(client(i), 5000); }
  std::size_t seen = 0;
  for (auto samples = collector.drain(); !samples.empty(); samples = collector.drain()) {
    seen += samples.size();
  }
  EXPECT_EQ(seen, RttCollector::kMost);
}

TEST(RttCollector, LossAndRateStandBesideAnRttOfTheSameNetwork) {
  RttCollector collector;
  collector.add_path(client(1), {.sent = 100, .retransmitted = 2, .bits_per_s = 10});
  EXPECT_TRUE(collector.drain().empty()) << "no RTT yet";
  collector.add(client(1), 9000);
  collector.add_path(client(1), {.sent = 50, .retransmitted = 1, .bits_per_s = 0});
  collector.add_path(client(1), {.sent = 50, .retransmitted = 0, .bits_per_s = 30});
  const auto samples = collector.drain();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].sent, 200U);
  EXPECT_EQ(samples[0].retransmitted, 3U);
  EXPECT_EQ(samples[0].bits_per_s, 20U) << "the mean of those that were full";
}

TEST(RttCollector, FailuresStandBesideRequests) {
  RttCollector collector;
  collector.add(client(1), 9000);
  collector.add_path(client(1), {.requests = 5, .failed = 2});
  collector.add_path(client(1), {.requests = 3, .failed = 0});
  const auto samples = collector.drain();
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].requests, 8U);
  EXPECT_EQ(samples[0].failed, 2U);
}

TEST(RttOfASocket, IsTheKernelsOwn) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), length), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length), 0);
  const int near = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(near, reinterpret_cast<sockaddr*>(&at), length), 0);
  const int far = ::accept(listener, nullptr, nullptr);
  char octet = 'x';
  ASSERT_EQ(::send(near, &octet, 1, 0), 1);
  ASSERT_EQ(::recv(far, &octet, 1, 0), 1);
  const auto rtt = rtt_us_of(near);
  ASSERT_TRUE(rtt.has_value());
  EXPECT_GT(*rtt, 0U);
  EXPECT_EQ(path_figures_of(near).sent, 1U);
  EXPECT_EQ(path_figures_of(near).retransmitted, 0U);
  EXPECT_FALSE(path_figures_of(near).is_stuck);
  for (const int each : {listener, near, far}) { ::close(each); }
  EXPECT_FALSE(rtt_us_of(-1).has_value());
  EXPECT_EQ(path_figures_of(-1).sent, 0U);
}

}  // namespace
}  // namespace edge::report
