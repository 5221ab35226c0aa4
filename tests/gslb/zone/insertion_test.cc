#include "gslb/zone/insertion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gslb::zone {
namespace {

using dns::RrType;

dns::Name name(const std::string& text) { return dns::Name::parse(text).value(); }

const std::string kZone =
    "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns.other.\n"
    "*.s TXT star\n*.s MX 5 mail.other.\nsub NS ns.other.\ndn DNAME elsewhere.\n"
    "_acme-challenge.al CNAME there.other.\nplain A 192.0.2.1\n";

class Insertion : public testing::Test {
 protected:
  Insertion() {
    Problems problems;
    zone = load_zone_text(name("z."), kZone, "text", {{name("*.cdn.z."), 3, {}}}, problems);
  }
  std::optional<InsertionError> put(const std::string& owner) {
    Derivation changes;
    changes.routes = {{name("*.cdn.z."), 3, {}}};
    const auto error = insert(*zone, {name(owner), RrType::kTxt, 30, {1, 't'}}, changes);
    if (!error) { zone = derive(*zone, changes); }
    return error;
  }
  Found look(const std::string& owner, RrType type = RrType::kA) const {
    dns::QuestionName wire;
    wire.assign(name(owner).wire());
    return find(*zone, wire, type);
  }
  RouteIndex route_of(const std::string& owner) const {
    const Found found = look(owner);
    return found.node == kNoNode ? kNoRoute : zone->route(found.node);
  }

  std::shared_ptr<const Zone> zone;
};

TEST_F(Insertion, NamesUnderARoutedWildcardStayRouted) {
  EXPECT_EQ(put("_acme-challenge.a.b.cdn.z."), std::nullopt);
  const Found found = look("_acme-challenge.a.b.cdn.z.", RrType::kTxt);
  EXPECT_EQ(found.kind, Found::Kind::kExact);
  EXPECT_TRUE(zone->rrset(found.node, RrType::kTxt));
  for (const char* each : {"a.b.cdn.z.", "b.cdn.z.", "x.b.cdn.z.", "x.a.b.cdn.z.", "y.x.a.b.cdn.z.",
                           "other.cdn.z.", "x._acme-challenge.a.b.cdn.z."}) {
    EXPECT_EQ(route_of(each), 3U) << each;
  }
  EXPECT_EQ(route_of("cdn.z."), kNoRoute);
  EXPECT_EQ(route_of("_acme-challenge.a.b.cdn.z."), kNoRoute);
}

TEST_F(Insertion, NamesUnderAWildcardKeepItsRecords) {
  EXPECT_EQ(put("_acme-challenge.www.s.z."), std::nullopt);
  for (const char* each : {"www.s.z.", "x.www.s.z.", "other.s.z."}) {
    const Found found = look(each, RrType::kMx);
    ASSERT_NE(found.node, kNoNode) << each;
    EXPECT_TRUE(zone->rrset(found.node, RrType::kMx)) << each;
  }
  const auto set = zone->rrset(look("_acme-challenge.www.s.z.", RrType::kTxt).node, RrType::kTxt);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->count, 1) << "the wildcard's TXT must not stand beside the token";
}

TEST_F(Insertion, WithoutAWildcardNothingElseIsMade) {
  const std::size_t nodes = zone->node_count();
  EXPECT_EQ(put("_acme-challenge.plain.z."), std::nullopt);
  EXPECT_EQ(zone->node_count(), nodes + 1);
}

TEST_F(Insertion, RefusesWhatIsNotOursToAnswer) {
  EXPECT_EQ(put("_acme-challenge.sub.z."), InsertionError::kBelowCut);
  EXPECT_EQ(put("_acme-challenge.dn.z."), InsertionError::kBelowDname);
  EXPECT_EQ(put("_acme-challenge.al.z."), InsertionError::kAlias);
}

TEST_F(Insertion, ALongNameHasNoRoomBelowIt) {
  const std::string label(60, 'a');
  const std::string owner = label + "." + label + "." + label + "." + label + ".cdn.z.";
  EXPECT_EQ(put(owner), std::nullopt);
  EXPECT_EQ(route_of(label + ".cdn.z."), 3U);
}

TEST(Derive, KeepsEveryRecordOfASignedZone) {
  const std::string signature = " 8 2 60 20300101000000 20250101000000 1 z. AAAA\n";
  Problems problems;
  const auto from = load_zone_text(name("z."),
                                   "$TTL 60\n@ SOA ns h 7 1 1 1 1\n@ RRSIG SOA" + signature +
                                       "@ NS ns.other.\n@ RRSIG NS" + signature +
                                       "@ NSEC z. NS SOA RRSIG NSEC\n@ RRSIG NSEC" + signature,
                                   "text", {}, problems);
  ASSERT_TRUE(from) << problems.to_string();
  Derivation changes;
  changes.serial = 8;
  const auto made = derive(*from, changes);
  EXPECT_EQ(made->serial(), 8U);
  EXPECT_EQ(made->record_count(), from->record_count());
  EXPECT_EQ(made->denial(), from->denial());
  for (const RrType type : {RrType::kSoa, RrType::kNs, RrType::kNsec}) {
    EXPECT_TRUE(made->signatures(Zone::kApexNode, type));
  }
}

}  // namespace
}  // namespace gslb::zone
