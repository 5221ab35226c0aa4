// Whom to probe, what was ordered of whom, and what is believed of what comes back.
#include "gslb/measure/probe_book.h"

#include <gtest/gtest.h>

#include "gslb/measure/probe_targets.h"

namespace {

using namespace gslb;
using namespace gslb::measure;
using fleet::ProbeFailure;
using fleet::ProbeKind;

constexpr MonoTime kStart{std::chrono::hours(1)};
const Address kResolver = *Address::parse("9.9.9.9");
const ProbeTarget kTarget{*Address::parse("8.8.4.4"), ProbeKind::kIcmp, 0};

class ProbeBookTest : public testing::Test {
 protected:
  static ProbeRules rules() {
    return {.exclude = PrefixSet(std::vector<Prefix>{*Prefix::parse("8.8.8.0/24")}),
            .allow_private = false,
            .target_interval = seconds(10),
            .mesh_interval = milliseconds(0),
            .mesh_port = 443};
  }
  // Sees the resolver as often as makes it a target; returns when it is one.
  MonoTime make_target(geo::UnitIndex unit, const Address& resolver, MonoTime now = kStart) {
    for (int i = 0; i < 3; ++i, now += seconds(10)) { book_.saw_resolver(unit, resolver, now); }
    return now;
  }
  std::vector<fleet::Probe> ask(geo::UnitIndex unit, fleet::ClusterIndex cluster, MonoTime now) {
    book_.set_wishes({{.unit = unit, .cluster = cluster, .gain = 1}});
    return book_.take(cluster, 10, now);
  }
  ProbeBook book_{rules(), 3, 1000};
};

TEST_F(ProbeBookTest, AResolverHasToAskAgainAndAgain) {
  for (int i = 0; i < 100; ++i) { book_.saw_resolver(4, kResolver, kStart + milliseconds(i)); }
  EXPECT_FALSE(book_.is_ready(4, kStart + seconds(1))) << "one burst of what may be forged";
  const MonoTime now = make_target(4, kResolver, kStart + seconds(10));
  EXPECT_TRUE(book_.is_ready(4, now));
  EXPECT_FALSE(book_.is_ready(5, now));
}

TEST_F(ProbeBookTest, PrivateAndExcludedAddressesAreNoTargets) {
  for (const char* address : {"10.0.0.1", "127.0.0.1", "8.8.8.8", "fe80::1", "0.0.0.0"}) {
    make_target(4, *Address::parse(address));
    EXPECT_FALSE(book_.add_target(4, {*Address::parse(address), ProbeKind::kIcmp, 0})) << address;
  }
  EXPECT_FALSE(book_.is_ready(4, kStart + seconds(60)));
  EXPECT_EQ(book_.figures().targets, 0U);
}

TEST_F(ProbeBookTest, AnAnswerIsAFindingOfTheTargetsUnit) {
  ASSERT_TRUE(book_.add_target(4, kTarget));
  const auto orders = ask(4, 1, kStart);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].target, kTarget.address);
  const auto finding =
      book_.settle(1, {orders[0].id, 23'500, ProbeFailure::kNone}, kStart + seconds(1));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->unit, 4U);
  EXPECT_FALSE(finding->peer);
  EXPECT_DOUBLE_EQ(finding->rtt_ms, 23.5);
}

TEST_F(ProbeBookTest, OnlyWhatWasOrderedOfThatClusterCountsAndOnlyOnce) {
  book_.add_target(4, kTarget);
  const auto orders = ask(4, 1, kStart);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_FALSE(book_.settle(2, {orders[0].id, 5, ProbeFailure::kNone}, kStart))
      << "another cluster's order";
  EXPECT_FALSE(book_.settle(1, {orders[0].id + 1, 5, ProbeFailure::kNone}, kStart)) << "made up";
  EXPECT_TRUE(book_.settle(1, {orders[0].id, 5, ProbeFailure::kNone}, kStart));
  EXPECT_FALSE(book_.settle(1, {orders[0].id, 5, ProbeFailure::kNone}, kStart)) << "told twice";
  EXPECT_EQ(book_.figures().unwanted, 3U);
}

TEST_F(ProbeBookTest, ATargetIsAskedByOneAtATimeAndNotOften) {
  book_.add_target(4, kTarget);
  const auto first = ask(4, 1, kStart);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(ask(4, 2, kStart).empty()) << "it is being asked";
  book_.settle(1, {first[0].id, 5000, ProbeFailure::kNone}, kStart);
  EXPECT_TRUE(ask(4, 2, kStart + seconds(9)).empty());
  EXPECT_EQ(ask(4, 2, kStart + seconds(10)).size(), 1U);
}

TEST_F(ProbeBookTest, ALostResultFreesTheTargetAfterAWhile) {
  book_.add_target(4, kTarget);
  const auto orders = ask(4, 1, kStart);
  EXPECT_TRUE(ask(4, 1, kStart + seconds(119)).empty());
  EXPECT_EQ(ask(4, 1, kStart + seconds(121)).size(), 1U);
  EXPECT_EQ(book_.figures().expired, 1U);
  EXPECT_FALSE(book_.settle(1, {orders[0].id, 5, ProbeFailure::kNone}, kStart + seconds(121)));
}

TEST_F(ProbeBookTest, AResolverThatDoesNotAnswerIsAskedOtherwiseThenLess) {
  MonoTime now = make_target(4, kResolver);
  std::vector<ProbeKind> kinds;
  for (int i = 0; i < 6; ++i) {
    const auto orders = ask(4, 1, now);
    ASSERT_EQ(orders.size(), 1U) << i;
    kinds.push_back(orders[0].kind);
    book_.settle(1, {orders[0].id, 0, ProbeFailure::kTimeout}, now);
    EXPECT_FALSE(book_.is_ready(4, now + seconds(10)));
    now += std::chrono::hours(1);
  }
  EXPECT_EQ(kinds[0], ProbeKind::kDns);
  EXPECT_EQ(kinds[1], ProbeKind::kTcpSyn);
  EXPECT_EQ(kinds[2], ProbeKind::kIcmp);
  EXPECT_EQ(kinds[3], ProbeKind::kDns);
  EXPECT_EQ(book_.figures().targets, 0U) << "after six it is forgotten";
}

TEST_F(ProbeBookTest, TheRoomOfAnEdgeIsTheMostItGets) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    book_.add_target(i, {Address::v4(0x09000000 + i), ProbeKind::kIcmp, 0});
  }
  std::vector<ProbeOrder> wishes;
  for (geo::UnitIndex unit = 0; unit < 20; ++unit) { wishes.push_back({unit, 0, 1}); }
  book_.set_wishes(wishes);
  EXPECT_TRUE(book_.take(0, 0, kStart).empty());
  EXPECT_TRUE(book_.take(1, 10, kStart).empty()) << "nothing is wanted of it";
  EXPECT_EQ(book_.take(0, 7, kStart).size(), 7U);
  EXPECT_EQ(book_.take(0, 100, kStart).size(), 13U) << "the rest, for another node";
}

TEST_F(ProbeBookTest, ClustersProbeEachOtherInTurnAndSeldom) {
  ProbeRules with_mesh = rules();
  with_mesh.mesh_interval = seconds(30);
  ProbeBook book(with_mesh, 3, 1);
  book.set_nodes(1, {*Address::parse("9.9.9.1"), *Address::parse("10.0.0.1")});
  book.set_nodes(2, {*Address::parse("9.9.9.2")});
  std::vector<fleet::ClusterIndex> peers;
  for (MonoTime now = kStart; now < kStart + seconds(60); now += seconds(1)) {
    for (const fleet::Probe& probe : book.take(0, 10, now)) {
      EXPECT_EQ(probe.kind, ProbeKind::kTcpSyn);
      EXPECT_TRUE(probe.target.is_global());
      const auto finding = book.settle(0, {probe.id, 9000, ProbeFailure::kNone}, now);
      ASSERT_TRUE(finding && finding->peer);
      peers.push_back(*finding->peer);
    }
  }
  EXPECT_EQ(peers, (std::vector<fleet::ClusterIndex>{1, 2}));
}

TEST_F(ProbeBookTest, TheNextBookKeepsResolversAndItsOwnList) {
  make_target(4, kResolver);
  book_.add_target(4, kTarget);
  EXPECT_EQ(book_.resolvers(), std::vector<Address>{kResolver});
  ProbeBook next(rules(), 3, 2000);
  next.inherit(book_, kResolver, 9);
  EXPECT_TRUE(next.is_ready(9, kStart + seconds(60)));
  ProbeRules stricter = rules();
  stricter.exclude = PrefixSet(std::vector<Prefix>{*Prefix::parse("9.9.9.0/24")});
  ProbeBook strict(stricter, 3, 3000);
  strict.inherit(book_, kResolver, 9);
  EXPECT_FALSE(strict.is_ready(9, kStart + seconds(60))) << "excluded meanwhile";
}

TEST(ProbeTargets, ReadsPrefixesUnitsKindsAndPorts) {
  Problems problems;
  const auto targets = parse_probe_targets(
      "# whom to probe\n"
      "198.51.100.0/24, 198.51.100.53 , dns\r\n"
      "\n"
      "00c0ffee00c0ffee,2001:db8::1,tcp-syn,8443  # a unit\n"
      "2001:db8::/32,2001:db8::2",
      "targets.csv", problems);
  ASSERT_FALSE(problems.has_errors()) << problems.to_string();
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_EQ(targets[0].where->to_string(), "198.51.100.0/24");
  EXPECT_EQ(targets[0].target.kind, ProbeKind::kDns);
  EXPECT_EQ(targets[0].target.port, 53);
  EXPECT_EQ(targets[1].unit_id, 0x00c0ffee00c0ffeeU);
  EXPECT_FALSE(targets[1].where);
  EXPECT_EQ(targets[1].target.port, 8443);
  EXPECT_EQ(targets[2].target.kind, ProbeKind::kIcmp);
  EXPECT_EQ(targets[2].target.port, 0);
}

TEST(ProbeTargets, EveryBadLineIsShownAtItsPlace) {
  Problems problems;
  parse_probe_targets(
      "nowhere,192.0.2.1\n192.0.2.0/24,resolver.example\n192.0.2.0/24,192.0.2.1,quic\n"
      "192.0.2.0/24,192.0.2.1,icmp,7\n192.0.2.0/24,192.0.2.1,dns,0\n"
      "192.0.2.0/24,192.0.2.1,dns,53,more\n192.0.2.1/24,192.0.2.1\n,\n",
      "targets.csv", problems);
  EXPECT_EQ(problems.error_count(), 8U) << problems.to_string();
  EXPECT_NE(problems.to_string().find("targets.csv:3:1"), std::string::npos);
}

}  // namespace
