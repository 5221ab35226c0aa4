// What is in a signed zone: bitmaps, chains, who signs what, routes.
#include <gmock/gmock.h>

#include "gslb/dnssec/sign_rrset.h"

#include "tests/gslb/dnssec/zones.h"

namespace gslb::dnssec {
namespace {

using dns::RrType;

constexpr std::string_view kLines = R"(
www A 192.0.2.1
www AAAA 2001:db8::1
*.wild TXT "x"
deep.under.empty A 192.0.2.2
alias CNAME www
secure NS ns.secure
secure DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.secure A 192.0.2.3
insecure NS ns.insecure
ns.insecure A 192.0.2.4
only.cuts.below NS ns
)";

std::shared_ptr<const SigningKey> new_key(std::uint16_t flags = kKskFlags) {
  return SigningKey::generate(name("example."), Algorithm::kEcdsaP256Sha256, flags);
}

SigningPlan plan_with(std::vector<PlannedKey> keys, Denial denial = Denial::kNsec) {
  SigningPlan plan;
  plan.keys = std::move(keys);
  plan.denial = denial;
  plan.serial = 42;
  plan.now = WallTime(std::chrono::days(20000));
  return plan;
}

SigningPlan csk_plan(Denial denial = Denial::kNsec) {
  return plan_with({{new_key(), true, true, true, false}}, denial);
}

std::shared_ptr<const zone::Zone> sign(const zone::Zone& source, const SigningPlan& plan) {
  return sign_zone(source, plan, nullptr).value().zone;
}

std::string bitmap(const zone::Zone& zone, std::string_view owner) {
  return bitmap_of(zone, node_of(zone, owner));
}

// Through the index of hashes; "none" when no NSEC3 matches.
std::string hashed_bitmap(const zone::Zone& zone, std::string_view owner) {
  const auto place = zone.nsec3_of(zone.hash_of(name(owner).lower().wire()));
  return place.matches ? bitmap_of(zone, place.node) : "none";
}

std::vector<std::uint16_t> signers(const zone::Zone& zone, std::string_view owner, RrType type) {
  std::vector<std::uint16_t> tags;
  const auto set = zone.signatures(node_of(zone, owner), type);
  if (!set) { return tags; }
  for (dns::RdataCursor cursor(*set); !cursor.done(); cursor.next()) {
    tags.push_back(parse_rrsig(cursor.rdata())->key_tag);
  }
  std::ranges::sort(tags);
  return tags;
}

TEST(SignZone, NsecListsTheTypesTheZoneAnswersFor) {
  const auto zone = sign(*zone_of(kLines), csk_plan());
  EXPECT_EQ(bitmap(*zone, "example."), "NS SOA RRSIG NSEC DNSKEY");
  EXPECT_EQ(bitmap(*zone, "www.example."), "A AAAA RRSIG NSEC");
  EXPECT_EQ(bitmap(*zone, "*.wild.example."), "TXT RRSIG NSEC");
  EXPECT_EQ(bitmap(*zone, "secure.example."), "NS DS RRSIG NSEC");
  EXPECT_EQ(bitmap(*zone, "insecure.example."), "NS RRSIG NSEC");
  EXPECT_EQ(bitmap(*zone, "alias.example."), "CNAME RRSIG NSEC");
  for (const std::string_view unlisted :
       {"wild.example.", "under.empty.example.", "ns.insecure.example.", "ns.secure.example."}) {
    EXPECT_EQ(bitmap(*zone, unlisted), "none") << unlisted;
  }
}

TEST(SignZone, Nsec3ListsEmptyNonTerminalsToo) {
  const auto zone = sign(*zone_of(kLines), csk_plan(Denial::kNsec3));
  EXPECT_EQ(hashed_bitmap(*zone, "example."), "NS SOA RRSIG DNSKEY NSEC3PARAM");
  EXPECT_EQ(hashed_bitmap(*zone, "www.example."), "A AAAA RRSIG");
  EXPECT_EQ(hashed_bitmap(*zone, "wild.example."), "");
  EXPECT_EQ(hashed_bitmap(*zone, "empty.example."), "");
  EXPECT_EQ(hashed_bitmap(*zone, "under.empty.example."), "");
  EXPECT_EQ(hashed_bitmap(*zone, "cuts.below.example."), "");
  EXPECT_EQ(hashed_bitmap(*zone, "secure.example."), "NS DS RRSIG");
  EXPECT_EQ(hashed_bitmap(*zone, "insecure.example."), "NS");
  EXPECT_EQ(hashed_bitmap(*zone, "ns.insecure.example."), "none");
  const auto parameters = zone->rrset(zone::Zone::kApexNode, RrType::kNsec3param);
  ASSERT_TRUE(parameters);
  EXPECT_THAT(Buffer(parameters->rdata.begin(), parameters->rdata.end()),
              testing::ElementsAre(0, 5, 1, 0, 0, 0, 0));
  EXPECT_TRUE(is_signed(*zone, "example.", RrType::kNsec3param));
}

TEST(SignZone, OptOutLeavesInsecureDelegationsAndWhatIsOnlyAboveThem) {
  const auto zone = sign(*zone_of(kLines), csk_plan(Denial::kNsec3OptOut));
  EXPECT_EQ(hashed_bitmap(*zone, "insecure.example."), "none");
  EXPECT_EQ(hashed_bitmap(*zone, "only.cuts.below.example."), "none");
  EXPECT_EQ(hashed_bitmap(*zone, "cuts.below.example."), "none");
  EXPECT_EQ(hashed_bitmap(*zone, "below.example."), "none");
  EXPECT_EQ(hashed_bitmap(*zone, "secure.example."), "NS DS RRSIG");
  EXPECT_EQ(hashed_bitmap(*zone, "empty.example."), "");
  const auto place = zone->nsec3_of(zone->hash_of(name("insecure.example.").wire()));
  const auto set = zone->rrset(place.node, RrType::kNsec3);
  EXPECT_EQ(dns::RdataCursor(*set).rdata()[1], 1) << "the opt-out flag of the span";
}

TEST(SignZone, Nsec3UsesSaltAndIterationsWhenToldTo) {
  SigningPlan plan = csk_plan(Denial::kNsec3);
  plan.nsec3_salt = {0xaa, 0xbb, 0xcc, 0xdd};
  plan.nsec3_iterations = 12;
  // RFC 5155 A has this hash of its zone "example."
  const auto zone = sign(*zone_of("a A 192.0.2.1\n"), plan);
  EXPECT_NE(node_of(*zone, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example."), zone::kNoNode);
  EXPECT_NE(node_of(*zone, "35mthgpgcu1qg68fab165klnsnk3dpvl.example."), zone::kNoNode);
}

TEST(SignZone, SignsNeitherGlueNorTheNsOfACut) {
  for (const Denial denial : {Denial::kNsec, Denial::kNsec3}) {
    const auto zone = sign(*zone_of(kLines), csk_plan(denial));
    EXPECT_FALSE(is_signed(*zone, "secure.example.", RrType::kNs));
    EXPECT_TRUE(is_signed(*zone, "secure.example.", RrType::kDs));
    EXPECT_FALSE(is_signed(*zone, "ns.secure.example.", RrType::kA));
    EXPECT_FALSE(is_signed(*zone, "insecure.example.", RrType::kNs));
    EXPECT_TRUE(is_signed(*zone, "example.", RrType::kNs));
    EXPECT_TRUE(zone->rrset(node_of(*zone, "ns.secure.example."), RrType::kA));
  }
}

TEST(SignZone, TtlOfTheChainIsTheSmallerOfSoaTtlAndMinimum) {
  // TTL 600, minimum 300 (RFC 9077 3).
  const auto zone = sign(*zone_of(kLines), csk_plan());
  const zone::NodeIndex www = node_of(*zone, "www.example.");
  EXPECT_EQ(zone->rrset(www, RrType::kNsec)->ttl_s, 300U);
  EXPECT_EQ(zone->signatures(www, RrType::kNsec)->ttl_s, 300U);
  EXPECT_EQ(zone->signatures(www, RrType::kA)->ttl_s, 600U);
  EXPECT_EQ(zone->serial(), 42U);
}

TEST(SignZone, RoutedOwnersHaveTheTypesOfTheirAnswersButNoSignatures) {
  const std::vector<zone::RouteBinding> routes = {{name("*.cdn.example."), 7, {}},
                                                  {name("www.example."), 8, {}}};
  const auto source = zone_of("www TXT \"static beside\"\n", routes);
  SigningPlan plan = csk_plan();
  plan.routed_types = [](zone::RouteIndex route) {
    return route == 7 ? std::vector{RrType::kA, RrType::kAaaa} : std::vector{RrType::kHttps};
  };
  const auto zone = sign(*source, plan);
  const zone::NodeIndex wild = node_of(*zone, "*.cdn.example.");
  EXPECT_EQ(zone->route(wild), 7U);
  EXPECT_EQ(zone->route(node_of(*zone, "www.example.")), 8U);
  EXPECT_EQ(bitmap(*zone, "*.cdn.example."), "A AAAA RRSIG NSEC");
  EXPECT_EQ(bitmap(*zone, "www.example."), "TXT RRSIG NSEC HTTPS");
  EXPECT_EQ(zone->rrset_count(wild), 2U) << "NSEC and its RRSIG";
  plan.routed_types = nullptr;
  plan.denial = Denial::kNsec3;
  EXPECT_EQ(hashed_bitmap(*sign(*source, plan), "*.cdn.example."), "A AAAA RRSIG");
}

TEST(SignZone, StaticAnswersOfRoutedOwnersAreSignedRecords) {
  const auto source = zone_of("www TXT \"static beside\"\n",
                              {{name("*.cdn.example."), 7, {}}, {name("www.example."), 8, {}}});
  SigningPlan plan = csk_plan();
  const std::vector<std::uint8_t> rdata = {0, 4, 192, 0, 2, 1, 0, 4, 192, 0, 2, 2};
  plan.routed_sets = [&](zone::RouteIndex route) {
    return route == 7 ? std::vector<dns::RrsetView>{{RrType::kA, 30, 2, rdata}}
                      : std::vector<dns::RrsetView>{};
  };
  const auto first = sign(*source, plan);
  const zone::NodeIndex wild = node_of(*first, "*.cdn.example.");
  EXPECT_EQ(first->rrset(wild, RrType::kA)->count, 2);
  EXPECT_EQ(signers(*first, "*.cdn.example.", RrType::kA).size(), 1U);
  EXPECT_EQ(first->route(wild), 7U);
  EXPECT_FALSE(first->rrset(node_of(*first, "www.example."), RrType::kA));
  // They take the place of what a transfer brought, and keep their signatures.
  const auto again = sign_zone(*first, plan, first.get());
  EXPECT_EQ(again->signatures_made, 0U);
  EXPECT_EQ(again->zone->rrset(node_of(*again->zone, "*.cdn.example."), RrType::kA)->count, 2);
}

TEST(SignZone, EachKeySignsWhatItsRoleIs) {
  const auto ksk = new_key();
  const auto zsk = new_key(kZskFlags);
  const auto next = new_key(kZskFlags);
  SigningPlan plan = plan_with({{ksk, true, true, false, true},
                                {zsk, true, false, true, false},
                                {next, true, false, false, false}});
  plan.cds_digests = {DigestType::kSha256, DigestType::kSha384};
  const auto zone = sign(*zone_of(kLines), plan);
  EXPECT_EQ(zone->rrset(zone::Zone::kApexNode, RrType::kDnskey)->count, 3);
  EXPECT_EQ(zone->rrset(zone::Zone::kApexNode, RrType::kCds)->count, 2);
  EXPECT_EQ(zone->rrset(zone::Zone::kApexNode, RrType::kCdnskey)->count, 1);
  for (const RrType type : {RrType::kDnskey, RrType::kCds, RrType::kCdnskey}) {
    EXPECT_THAT(signers(*zone, "example.", type), testing::ElementsAre(ksk->tag()));
  }
  for (const RrType type : {RrType::kSoa, RrType::kNs, RrType::kNsec}) {
    EXPECT_THAT(signers(*zone, "example.", type), testing::ElementsAre(zsk->tag()));
  }
  EXPECT_EQ(bitmap(*zone, "example."), "NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY");
}

TEST(SignZone, AKeyMaySignBeforeItIsPublished) {
  const auto old_key = new_key();
  const auto new_algorithm = SigningKey::generate(name("example."), Algorithm::kEd25519, kKskFlags);
  const auto zone = sign(*zone_of(kLines), plan_with({{old_key, true, true, true, false},
                                                      {new_algorithm, false, false, true, false}}));
  EXPECT_EQ(zone->rrset(zone::Zone::kApexNode, RrType::kDnskey)->count, 1);
  EXPECT_EQ(signers(*zone, "www.example.", RrType::kA).size(), 2U);
  EXPECT_EQ(signers(*zone, "example.", RrType::kDnskey).size(), 1U);
}

TEST(SignZone, AsksTheParentToRemoveTheDs) {
  SigningPlan plan = csk_plan();
  plan.keys[0].is_announced = true;
  plan.asks_ds_removal = true;
  const auto zone = sign(*zone_of(kLines), plan);
  const auto cds = zone->rrset(zone::Zone::kApexNode, RrType::kCds);
  ASSERT_TRUE(cds);
  const Octets rdata = dns::RdataCursor(*cds).rdata();
  EXPECT_THAT(Buffer(rdata.begin(), rdata.end()), testing::ElementsAre(0, 0, 0, 0, 0));
  const auto cdnskey = zone->rrset(zone::Zone::kApexNode, RrType::kCdnskey);
  ASSERT_TRUE(cdnskey && cdnskey->count == 1);
  EXPECT_THAT(cdnskey->rdata[4], 3);
}

TEST(SignZone, LeavesNothingOfAFormerSigning) {
  const auto source = zone_of(kLines);
  const auto with_nsec3 = sign(*source, csk_plan(Denial::kNsec3));
  SigningPlan plan = csk_plan();
  EXPECT_EQ(text_of(*sign_zone(*with_nsec3, plan, nullptr)->zone).size(),
            text_of(*sign(*source, plan)).size());
  const auto zone = sign(*with_nsec3, plan);
  EXPECT_EQ(zone->denial(), zone::DenialKind::kNsec);
  EXPECT_EQ(zone->record_count(), sign(*source, plan)->record_count());
  EXPECT_THAT(signers(*zone, "www.example.", RrType::kA),
              testing::ElementsAre(plan.keys[0].key->tag()));
}

TEST(SignZone, KeysBelowTheApexAreData) {
  const auto zone = sign(*zone_of("sub DNSKEY 257 3 13 AAAA\n"), csk_plan());
  EXPECT_TRUE(is_signed(*zone, "sub.example.", RrType::kDnskey));
  EXPECT_EQ(bitmap(*zone, "sub.example."), "RRSIG NSEC DNSKEY");
}

TEST(SignZone, TimesAreThoseOfThePlan) {
  SigningPlan plan = csk_plan();
  plan.jitter = seconds(0);
  const auto result = sign_zone(*zone_of(kLines), plan, nullptr);
  ASSERT_TRUE(result);
  const auto set = result->zone->signatures(node_of(*result->zone, "www.example."), RrType::kA);
  const auto rrsig = parse_rrsig(dns::RdataCursor(*set).rdata());
  constexpr std::uint32_t kNow = 20000U * 86400U;
  EXPECT_EQ(rrsig->validity.inception, kNow - 3600);
  EXPECT_EQ(rrsig->validity.expiration, kNow + 14 * 86400);
  EXPECT_EQ(result->first_expiration, plan.now + std::chrono::days(14));
  EXPECT_EQ(result->next_resign, plan.now + std::chrono::days(9));
}

TEST(SignZone, WildcardsAreSignedUnderTheirOwnName) {
  const SigningPlan plan = csk_plan();
  const auto zone = sign(*zone_of(kLines), plan);
  const zone::NodeIndex wild = node_of(*zone, "*.wild.example.");
  const auto half = PublicKey::from_rdata(plan.keys[0].key->dnskey_rdata());
  const Octets rrsig = dns::RdataCursor(*zone->signatures(wild, RrType::kTxt)).rdata();
  const dns::RrsetView set = *zone->rrset(wild, RrType::kTxt);
  EXPECT_EQ(parse_rrsig(rrsig)->labels, 2);
  // As validators see it: expanded to the name asked for.
  EXPECT_TRUE(verify_rrset(*half, name("a.b.wild.example.").wire(), set, rrsig));
  EXPECT_FALSE(verify_rrset(*half, name("a.b.tame.example.").wire(), set, rrsig));
}

TEST(SignZone, WithoutKeysForARoleThereIsNoZone) {
  const auto source = zone_of(kLines);
  const auto error = [&](const SigningPlan& plan) {
    return sign_zone(*source, plan, nullptr).error();
  };
  EXPECT_EQ(error(plan_with({})), SignError::kNoKeys);
  EXPECT_EQ(error(plan_with({{new_key(), true, true, false, false}})), SignError::kNoKeys);
  EXPECT_EQ(error(plan_with({{new_key(), true, false, true, false}})), SignError::kNoKeys);
}

}  // namespace
}  // namespace gslb::dnssec
