// Signatures and chains of denial as a zone keeps them, on the zones of RFC 4035 and RFC 5155.
#include <set>

#include <gtest/gtest.h>

#include "gslb/base/random.h"
#include "gslb/zone/zone.h"

#include "lookup.h"
#include "tests/support/signed_zones.h"

namespace gslb::zone {
namespace {

using dns::RrType;

Octets wire_of(const dns::Name& name) { return name.wire(); }

NodeIndex node_of(const Zone& zone, const std::string& name) {
  return zone.find_node(wire_of(name_of(name).lower()));
}

std::string hash_of(const Zone& zone, const std::string& name) {
  return to_base32hex(zone.hash_of(name_of(name).wire()));
}

// The owner's hash label and what it means: "35mt… matches".
std::string show(const Zone& zone, Nsec3Place place) {
  return text_of(zone, place.node).substr(0, 4) + (place.matches ? " matches" : " covers");
}

TEST(Nsec3Hash, AgreesWithRfc5155AppendixA) {
  const auto zone = zone_of("example", tests::rfc5155_zone());
  for (const auto& [name, hash] : std::initializer_list<std::pair<const char*, const char*>>{
           {"example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
           {"a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
           {"w.example", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
           {"*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
           {"x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"}}) {
    EXPECT_EQ(hash_of(*zone, name), hash);
    const std::string text = hash;
    EXPECT_EQ(to_base32hex(parse_base32hex(as_octets(text)).value()), hash);
  }
}

TEST(Nsec3Hash, RefusesLabelsThatAreNoHash) {
  for (const std::string_view label :
       {"", "a", "0p9mhaveqvm6t7vbl5lop2u3t2rp3to", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tomm",
        "wp9mhaveqvm6t7vbl5lop2u3t2rp3tom", "0p9mhaveqvm6t7vbl5lop2u3t2rp3t-m"}) {
    EXPECT_FALSE(parse_base32hex(as_octets(label))) << label;
  }
  EXPECT_EQ(parse_base32hex(as_octets("0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM")),
            parse_base32hex(as_octets("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom")));
}

TEST(Signatures, StandByTheTypeTheyCover) {
  const auto zone =
      zone_of("example",
              "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\n"
              "x 60 RRSIG TXT 13 2 60 20300101000000 20200101000000 1 example. BBBB\n"
              "x 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 example. AAAA\n"
              "x 300 A 192.0.2.1\nx 300 A 192.0.2.2\n"
              "x 300 RRSIG A 8 2 300 20300101000000 20200101000000 2 example. AAAA\n"
              "x 60 TXT x\n"
              "x 60 RRSIG MX 13 2 60 20300101000000 20200101000000 1 example. BBBB\n");
  const NodeIndex node = node_of(*zone, "x.example");
  const auto over_a = zone->signatures(node, RrType::kA);
  ASSERT_TRUE(over_a);
  EXPECT_EQ(over_a->count, 2);
  EXPECT_EQ(over_a->ttl_s, 300U);
  EXPECT_EQ(over_a->type, RrType::kRrsig);
  EXPECT_EQ(zone->signatures(node, RrType::kTxt)->ttl_s, 60U);
  EXPECT_FALSE(zone->signatures(node, RrType::kAaaa));
  EXPECT_FALSE(zone->signatures(Zone::kApexNode, RrType::kSoa));
  EXPECT_EQ(zone->rrset(node, RrType::kA)->count, 2);
  std::string order;
  std::size_t records = 0;
  for (std::size_t i = 0; i < zone->rrset_count(node); ++i) {
    const dns::RrsetView set = zone->rrset_at(node, i);
    order += dns::to_string(set.type);
    records += set.count;
    if (set.type == RrType::kRrsig) {
      order += '(' + dns::to_string(static_cast<RrType>(load_u16(set.rdata.data() + 2))) + ')';
    }
    order += ' ';
  }
  EXPECT_EQ(order, "TXT RRSIG(TXT) A RRSIG(A) RRSIG(MX) ");
  EXPECT_EQ(records, 7U);
  EXPECT_EQ(zone->record_count(), 9U);
  EXPECT_FALSE(zone->is_signed());
}

TEST(Signatures, TooShortToSayWhatTheyCoverAreKeptAndCoverNothing) {
  ZoneBuilder builder(name_of("example"));
  builder.add(name_of("example"), RrType::kSoa, 60, std::vector<std::uint8_t>(22, 0));
  for (std::size_t size = 0; size < 3; ++size) {
    builder.add(name_of("example"), RrType::kRrsig, 60, std::vector<std::uint8_t>(size, 0));
  }
  const auto zone = builder.build();
  EXPECT_FALSE(zone->signatures(Zone::kApexNode, RrType::kSoa));
  EXPECT_EQ(zone->rrset(Zone::kApexNode, RrType::kRrsig)->count, 3);
}

TEST(Denial, IsNoneWithoutAChain) {
  const auto zone = zone_of("example", "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\nx 60 A 192.0.2.1\n");
  EXPECT_EQ(zone->denial(), DenialKind::kNone);
  EXPECT_FALSE(zone->is_signed());
}

TEST(Denial, FindsTheNsecThatMatchesOrCovers) {
  const auto zone = zone_of("example", tests::rfc4035_zone());
  EXPECT_TRUE(zone->is_signed());
  EXPECT_EQ(zone->denial(), DenialKind::kNsec);
  const auto nsec = [&](const std::string& name) {
    return text_of(*zone, zone->nsec_of(wire_of(name_of(name))));
  };
  EXPECT_EQ(nsec("example"), "example.");
  EXPECT_EQ(nsec("!.example"), "example.");
  EXPECT_EQ(nsec("a.example"), "a.example.");
  EXPECT_EQ(nsec("ns1.a.example"), "a.example.") << "glue is not in the chain";
  EXPECT_EQ(nsec("ml.example"), "b.example.");
  EXPECT_EQ(nsec("w.example"), "ns2.example.") << "an empty non-terminal has none";
  EXPECT_EQ(nsec("*.w.example"), "*.w.example.");
  EXPECT_EQ(nsec("a.z.w.example"), "x.y.w.example.");
  EXPECT_EQ(nsec("zz.example"), "xx.example.");
}

// Labels of few octets about the ones that canonical order is easily got wrong for.
dns::Name random_name(Random& random) {
  dns::Name name = name_of("example");
  for (std::uint64_t labels = random.below(4); labels > 0; --labels) {
    std::string label;
    for (std::uint64_t octets = 1 + random.below(5); octets > 0; --octets) {
      constexpr std::string_view kOctets("\0\1\2*a\377", 6);
      label += kOctets[random.below(kOctets.size())];
    }
    name = name.prepend(label).value();
  }
  return name;
}

TEST(Denial, TheNsecOfAnyNameIsTheLastOwnerNotAfterIt) {
  Random random(11);
  for (int round = 0; round < 50; ++round) {
    ZoneBuilder builder(name_of("example"));
    builder.add(name_of("example"), RrType::kSoa, 60, std::vector<std::uint8_t>(22, 0));
    std::set<dns::Name> owners{name_of("example")};
    for (int i = 0; i < 40; ++i) { owners.insert(random_name(random)); }
    for (const dns::Name& owner : owners) {
      builder.add(owner, RrType::kNsec, 60, std::vector<std::uint8_t>(5, 0));
    }
    const auto zone = builder.build();
    for (int i = 0; i < 200; ++i) {
      const dns::Name name = random_name(random);
      EXPECT_EQ(text_of(*zone, zone->nsec_of(name.wire())),
                std::prev(owners.upper_bound(name))->to_string())
          << name.to_string();
    }
  }
}

TEST(Denial, FindsTheNsec3ThatMatchesOrCovers) {
  const auto zone = zone_of("example", tests::rfc5155_zone());
  EXPECT_TRUE(zone->is_signed());
  ASSERT_EQ(zone->denial(), DenialKind::kNsec3);
  const auto place = [&](const std::string& name) {
    return show(*zone, zone->nsec3_of(zone->hash_of(wire_of(name_of(name)))));
  };
  EXPECT_EQ(place("example"), "0p9m matches");
  EXPECT_EQ(place("c.x.w.example"), "0p9m covers");  // 0va5… of RFC 5155 B.1
  EXPECT_EQ(place("*.x.w.example"), "35mt covers");  // 92pq…
  EXPECT_EQ(place("c.example"), "35mt covers");      // 4g6p…
  // What is known of nodes agrees with hashing.
  for (NodeIndex node = 0; node < zone->node_count(); ++node) {
    if (zone->is_nsec3_owner(node)) { continue; }
    const std::string owner = text_of(*zone, node);
    EXPECT_EQ(show(*zone, zone->nsec3_of(node)), place(owner));
    EXPECT_EQ(show(*zone, zone->nsec3_of_wildcard(node)), place("*." + owner));
  }
}

TEST(Denial, AHashBeforeTheFirstOrAfterTheLastIsCoveredByTheLast) {
  const auto zone = zone_of("example", tests::rfc5155_zone());
  Nsec3Hash hash{};
  EXPECT_EQ(show(*zone, zone->nsec3_of(hash)), "t644 covers");
  hash.fill(0xff);
  EXPECT_EQ(show(*zone, zone->nsec3_of(hash)), "t644 covers");
}

TEST(Denial, OwnersOfNsec3DoNotExistForLookups) {
  const auto zone = zone_of("example", tests::rfc5155_zone());
  EXPECT_EQ(look_up(*zone, "35mthgpgcu1qg68fab165klnsnk3dpvl.example"), "nxdomain in example. 1");
  EXPECT_EQ(look_up(*zone, "x.35mthgpgcu1qg68fab165klnsnk3dpvl.example"), "nxdomain in example. 2");
  EXPECT_EQ(look_up(*zone, "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example"),
            "exact 2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.")
      << "it has an address too";
  const auto wild = zone_of("example", tests::rfc5155_zone() + "* 3600 A 192.0.2.1\n");
  EXPECT_EQ(look_up(*wild, "35mthgpgcu1qg68fab165klnsnk3dpvl.example"),
            "wildcard *.example. of example. 1");
  const auto below = zone_of(
      "example", tests::rfc5155_zone() + "x.35mthgpgcu1qg68fab165klnsnk3dpvl 60 A 192.0.2.1\n");
  EXPECT_EQ(look_up(*below, "35mthgpgcu1qg68fab165klnsnk3dpvl.example"),
            "exact 35mthgpgcu1qg68fab165klnsnk3dpvl.example.");
}

std::string problems_of(const std::string& text) {
  Problems problems;
  load_zone_text(name_of("example"), text, "z", {}, problems);
  return problems.to_string();
}

std::string with_iterations(const std::string& iterations) {
  std::string text = tests::rfc5155_zone();
  for (std::size_t at = 0; (at = text.find(" 12 aabb", at)) != text.npos; ++at) {
    text.replace(at, 3, ' ' + iterations);
  }
  return text;
}

TEST(Denial, ManyIterationsWarnAndTooManyAreRefused) {
  EXPECT_EQ(problems_of(tests::rfc5155_zone()), "");
  EXPECT_EQ(problems_of(tests::rfc4035_zone()), "");
  EXPECT_EQ(problems_of(with_iterations("50")), "");
  EXPECT_EQ(problems_of(with_iterations("51")),
            "z:37:1: warning: NSEC3 with 51 iterations: validators may take the zone for insecure "
            "(sign it with 0, RFC 9276 3.1)\n");
  EXPECT_EQ(problems_of(with_iterations("151")),
            "z:37:1: error: NSEC3 with 151 iterations: more than 150 are not served "
            "(sign it with 0, RFC 9276 3.1)\n");
}

TEST(Denial, ASignedZoneWithoutAChainIsReported) {
  EXPECT_EQ(
      problems_of(tests::with_signatures("@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\n", "example.")),
      "z:1:1: warning: the zone is signed but has no NSEC or NSEC3 chain: its denials can't "
      "be validated (sign it again)\n");
}

}  // namespace
}  // namespace gslb::zone
