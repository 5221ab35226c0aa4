// Probes over real sockets on loopback.
#include "edge/report/prober.h"

#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace edge::report {
namespace {

using gslb::Address;
using gslb::fleet::Probe;
using gslb::fleet::ProbeFailure;
using gslb::fleet::ProbeKind;
using gslb::fleet::ProbeResult;

// A loopback socket of `type` on a port of its own.
class Peer {
 public:
  explicit Peer(int type) : fd_(::socket(AF_INET, type, 0)) {
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at_;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at_), length), 0);
    if (type == SOCK_STREAM) { EXPECT_EQ(::listen(fd_, 8), 0); }
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at_), &length), 0);
  }
  ~Peer() { close(); }
  void close() {
    if (fd_ >= 0) { ::close(fd_); }
    fd_ = -1;
  }
  std::uint16_t port() const { return ntohs(at_.sin_port); }
  int fd() const { return fd_; }

 private:
  int fd_;
  sockaddr_in at_{};
};

class ProberTest : public testing::Test {
 protected:
  ProberTest() {
    rules_.allow_private = true;
    rules_.target_interval_ms = 0;
    rules_.per_second = 1000;
    rules_.timeout_ms = 200;
  }
  void start() {
    prober_ = std::make_unique<Prober>(rules_, 2);
    prober_->start();
  }
  // The next result for `owner`.
  ProbeResult wait(std::size_t owner = 0) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto results = prober_->take(owner);
      if (!results.empty()) {
        EXPECT_EQ(results.size(), 1U);
        return results.front();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "no result";
    return {};
  }
  Probe order(ProbeKind kind, std::uint16_t port, const char* target = "127.0.0.1") {
    if (kind != ProbeKind::kIcmp) { rules_.ports.push_back(port); }
    return {7, kind, *Address::parse(target), port};
  }
  config::Probe rules_;
  std::unique_ptr<Prober> prober_;
};

TEST_F(ProberTest, AnOpenPortAndAClosedOneAreBothThere) {
  Peer open(SOCK_STREAM);
  Peer closed(SOCK_STREAM);
  closed.close();
  const Probe first = order(ProbeKind::kTcpSyn, open.port());
  const Probe second = order(ProbeKind::kTcpSyn, closed.port());
  start();
  for (const Probe& probe : {first, second}) {
    prober_->submit(0, {probe});
    const ProbeResult result = wait();
    EXPECT_EQ(result.id, 7U);
    EXPECT_EQ(result.failure, ProbeFailure::kNone);
    EXPECT_GT(result.rtt_us, 0U);
  }
  EXPECT_EQ(prober_->figures().answered, 2U);
}

TEST_F(ProberTest, OnlyAResponseWithTheQuerysIdCounts) {
  Peer resolver(SOCK_DGRAM);
  const Probe probe = order(ProbeKind::kDns, resolver.port());
  start();
  const auto serve = [&](auto change) {
    prober_->submit(1, {probe});
    std::array<std::uint8_t, 512> query{};
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const auto size = ::recvfrom(resolver.fd(), query.data(), query.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    ASSERT_EQ(size, 17);
    query[2] |= 0x80;
    query[3] |= 5;  // REFUSED is an answer
    change(query);
    ::sendto(resolver.fd(), query.data(), 12, 0, reinterpret_cast<sockaddr*>(&from), length);
  };
  serve([](auto&) {});
  EXPECT_EQ(wait(1).failure, ProbeFailure::kNone);
  serve([](auto& answer) { answer[0] ^= 1; });
  EXPECT_EQ(wait(1).failure, ProbeFailure::kTimeout) << "a forged answer";
  serve([](auto& answer) { answer[2] &= 0x7f; });
  EXPECT_EQ(wait(1).failure, ProbeFailure::kTimeout) << "an echo of the query";
  EXPECT_TRUE(prober_->take(0).empty()) << "results are for who ordered";
}

TEST_F(ProberTest, EchoWorksWhereTheSystemAllowsIt) {
  const Probe probe = order(ProbeKind::kIcmp, 0);
  start();
  prober_->submit(0, {probe});
  const ProbeResult result = wait();
  if (result.failure == ProbeFailure::kUnsupported) { GTEST_SKIP() << "no privilege for ICMP"; }
  EXPECT_EQ(result.failure, ProbeFailure::kNone);
  EXPECT_LT(result.rtt_us, 200'000U);
  prober_->submit(0, {order(ProbeKind::kIcmp, 0, "::1")});
  const ProbeResult six = wait();
  EXPECT_TRUE(six.failure == ProbeFailure::kNone || six.failure == ProbeFailure::kUnreachable);
}

TEST_F(ProberTest, LeavesByTheAddressItIsTold) {
  Peer resolver(SOCK_DGRAM);
  const Probe probe = order(ProbeKind::kDns, resolver.port());
  rules_.source = {*Address::parse("::1"), *Address::parse("127.9.9.9")};
  start();
  prober_->submit(0, {probe});
  std::array<std::uint8_t, 64> octets{};
  sockaddr_in from{};
  socklen_t length = sizeof from;
  ASSERT_EQ(::recvfrom(resolver.fd(), octets.data(), octets.size(), 0,
                       reinterpret_cast<sockaddr*>(&from), &length),
            17);
  EXPECT_EQ(ntohl(from.sin_addr.s_addr), 0x7f090909U);
  EXPECT_EQ(wait().failure, ProbeFailure::kTimeout);
}

TEST_F(ProberTest, AnAddressThatIsNotTheHostsIsUnsupported) {
  Peer open(SOCK_STREAM);
  const Probe probe = order(ProbeKind::kTcpSyn, open.port());
  rules_.source = {*Address::parse("192.0.2.1")};
  start();
  prober_->submit(0, {probe});
  EXPECT_EQ(wait().failure, ProbeFailure::kUnsupported);
}

TEST_F(ProberTest, SilenceTimesOutAndRoomComesBack) {
  Peer silent(SOCK_DGRAM);
  const Probe probe = order(ProbeKind::kDns, silent.port());
  rules_.in_flight = 2;
  start();
  EXPECT_EQ(prober_->room(), Prober::kMostQueued);
  prober_->submit(0, std::vector<Probe>(6, probe));
  EXPECT_LT(prober_->room(), Prober::kMostQueued);
  std::size_t timeouts = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (timeouts < 6 && std::chrono::steady_clock::now() < deadline) {
    for (const ProbeResult& result : prober_->take(0)) {
      EXPECT_EQ(result.failure, ProbeFailure::kTimeout);
      ++timeouts;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(timeouts, 6U);
  EXPECT_EQ(prober_->room(), Prober::kMostQueued);
}

TEST_F(ProberTest, WhatTheRulesForbidIsReportedAndNotSent) {
  Peer resolver(SOCK_DGRAM);
  const Probe probe = order(ProbeKind::kDns, resolver.port());
  rules_.allow_private = false;
  start();
  prober_->submit(0, {probe});
  EXPECT_EQ(wait().failure, ProbeFailure::kExcluded);
  std::array<std::uint8_t, 64> octets{};
  EXPECT_LT(::recv(resolver.fd(), octets.data(), octets.size(), MSG_DONTWAIT), 0);
  prober_->submit(0, std::vector<Probe>(Prober::kMostQueued + 10, probe));
  std::size_t results = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (prober_->figures().failed[static_cast<int>(ProbeFailure::kExcluded)] <
             Prober::kMostQueued + 11 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  results = prober_->take(0).size();
  EXPECT_EQ(results, gslb::fleet::kMaxReportProbes) << "as many as a heartbeat holds";
}

TEST_F(ProberTest, SwitchedOffTakesNothing) {
  rules_.enabled = false;
  start();
  EXPECT_EQ(prober_->room(), 0U);
  prober_->submit(0, {order(ProbeKind::kDns, 53)});
  EXPECT_EQ(wait().failure, ProbeFailure::kExcluded);
}

}  // namespace
}  // namespace edge::report
