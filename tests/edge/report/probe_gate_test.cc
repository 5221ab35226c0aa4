#include "edge/report/probe_gate.h"

#include <gtest/gtest.h>

namespace edge::report {
namespace {

using gslb::Address;
using gslb::MonoTime;
using gslb::fleet::Probe;
using gslb::fleet::ProbeKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kStart{std::chrono::hours(1)};

Probe probe(const std::string& target, std::uint16_t port = 443) {
  return {1, port == 0 ? ProbeKind::kIcmp : ProbeKind::kTcpSyn, *Address::parse(target), port};
}

TEST(ProbeGate, NeverProbesWhatIsNoHostOfThePublicInternet) {
  const config::Probe rules;
  ProbeGate gate(rules);
  for (const char* target :
       {"127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "2001:db8::1"}) {
    EXPECT_FALSE(gate.admits(probe(target), kStart)) << target;
  }
  EXPECT_TRUE(gate.admits(probe("9.9.9.9"), kStart));
  EXPECT_TRUE(gate.admits(probe("2620:fe::fe", 0), kStart));
}

TEST(ProbeGate, PrivateTargetsHaveToBeAllowedAndGroupsNeverAre) {
  config::Probe rules;
  rules.allow_private = true;
  ProbeGate gate(rules);
  EXPECT_TRUE(gate.admits(probe("127.0.0.1"), kStart));
  for (const char* target : {"224.0.0.1", "255.255.255.255", "ff02::1", "0.0.0.0", "::"}) {
    EXPECT_FALSE(gate.admits(probe(target), kStart)) << target;
  }
}

TEST(ProbeGate, ExcludedNetworksAndOtherPortsAreLeftAlone) {
  config::Probe rules;
  rules.exclude = {*gslb::Prefix::parse("9.9.9.0/24"), *gslb::Prefix::parse("2620:fe::/48")};
  ProbeGate gate(rules);
  EXPECT_FALSE(gate.admits(probe("9.9.9.9"), kStart));
  EXPECT_FALSE(gate.admits(probe("2620:fe::fe"), kStart));
  EXPECT_FALSE(gate.admits(probe("8.8.8.8", 22), kStart)) << "no port scanner";
  EXPECT_TRUE(gate.admits(probe("8.8.8.8", 53), kStart));
}

TEST(ProbeGate, ATargetIsLeftInPeaceForItsInterval) {
  const config::Probe rules;
  ProbeGate gate(rules);
  EXPECT_TRUE(gate.admits(probe("9.9.9.9"), kStart));
  EXPECT_FALSE(gate.admits(probe("9.9.9.9", 53), kStart + seconds(9))) << "whatever the probe";
  EXPECT_TRUE(gate.admits(probe("9.9.9.9"), kStart + seconds(10)));
  EXPECT_FALSE(gate.admits(probe("9.9.9.9"), kStart + seconds(11)));
}

TEST(ProbeGate, RemembersABoundedNumberOfTargetsAndIsStrictBeyond) {
  const config::Probe rules;
  ProbeGate gate(rules);
  for (std::uint32_t i = 0; i < ProbeGate::kMostTargets; ++i) {
    ASSERT_TRUE(gate.admits({1, ProbeKind::kIcmp, Address::v4(0x08000000 + i), 0}, kStart));
  }
  EXPECT_FALSE(gate.admits(probe("9.9.9.9"), kStart + seconds(1)));
  EXPECT_TRUE(gate.admits(probe("9.9.9.9"), kStart + seconds(11))) << "the others are forgotten";
}

TEST(ProbeGate, KeepsTheRate) {
  config::Probe rules;
  rules.per_second = 10;
  ProbeGate gate(rules);
  int sent = 0;
  MonoTime now = kStart;
  for (; now < kStart + seconds(10); now += milliseconds(7)) {
    sent += gate.take_token(now) ? 1 : 0;
  }
  EXPECT_LE(sent, 110) << "one second's worth at the start";
  EXPECT_GE(sent, 99);
  while (gate.take_token(now)) {}
  const auto wait = gate.wait(now);
  EXPECT_GT(wait.count(), 0);
  EXPECT_LE(wait.count(), 100);
  EXPECT_TRUE(gate.take_token(now + wait));
}

}  // namespace
}  // namespace edge::report
