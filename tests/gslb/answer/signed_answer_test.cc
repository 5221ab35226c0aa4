// What DO adds to answers: the examples of RFC 4035 appendix B and RFC 5155 appendix B, and what
// they leave out.
#include <gtest/gtest.h>

#include "tests/support/signed_zones.h"
#include "tests/support/world.h"

#include "allocations.h"

namespace {

using gslb::dns::RrType;
using tests::Ask;
using tests::Reply;
using tests::World;

constexpr const char* kConfig = R"(
[server]
listen = ["127.0.0.1:5300"]
[[zone]]
name = "example."
file = "example.zone"
)";

// "NXDOMAIN aa | answer | authority | additional": owner and type of each set, "+" when its RRSIG
// stands right behind it, "RRSIG(type)" when it stands alone.
std::string shape(const Reply& reply) {
  std::string out = reply.rcode + (reply.aa ? " aa" : "") + (reply.tc ? " tc" : "");
  for (const auto& section : reply.message.sections) {
    out += " |";
    std::string before;
    for (const auto& record : section) {
      if (record.type == RrType::kOpt) { continue; }
      if (record.type == RrType::kRrsig) {
        const auto covered = static_cast<RrType>(gslb::load_u16(record.rdata.data()));
        const std::string over = record.owner + ' ' + gslb::dns::to_string(covered);
        if (over == before) {
          out += '+';
        } else {
          out += ' ' + record.owner + " RRSIG(" + gslb::dns::to_string(covered) + ')';
        }
        continue;
      }
      const std::string now = record.owner + ' ' + gslb::dns::to_string(record.type);
      if (now != before) { out += ' ' + now; }
      before = now;
    }
  }
  return out;
}

class Signed : public testing::Test {
 protected:
  explicit Signed(const std::string& zone) : world_(kConfig, {{"example.zone", zone}}) {}
  std::string ask(const std::string& name, RrType type, bool dnssec_ok = true) {
    return shape(world_.ask({.name = name, .type = type, .dnssec_ok = dnssec_ok}));
  }
  World world_;
};

class Rfc4035 : public Signed {
 protected:
  Rfc4035() : Signed(tests::rfc4035_zone()) {}
};

class Rfc5155 : public Signed {
 protected:
  Rfc5155() : Signed(tests::rfc5155_zone()) {}
};

TEST_F(Rfc4035, AppendixB) {
  // B.1 answer (minimal: the zone's NS are left out), B.2 name error, B.3 no data.
  EXPECT_EQ(ask("x.w.example", RrType::kMx),
            "NOERROR aa | x.w.example. MX+ | | xx.example. A+ xx.example. AAAA+");
  EXPECT_EQ(ask("ml.example", RrType::kA),
            "NXDOMAIN aa | | example. SOA+ b.example. NSEC+ example. NSEC+ |");
  EXPECT_EQ(ask("ns1.example", RrType::kMx), "NOERROR aa | | example. SOA+ ns1.example. NSEC+ |");
  // B.4 signed and B.5 unsigned delegation.
  EXPECT_EQ(ask("mc.a.example", RrType::kMx),
            "NOERROR | | a.example. NS a.example. DS+ | ns1.a.example. A ns2.a.example. A");
  EXPECT_EQ(ask("mc.b.example", RrType::kMx),
            "NOERROR | | b.example. NS b.example. NSEC+ | ns1.b.example. A ns2.b.example. A");
  // B.6 wildcard expansion, B.7 wildcard no data, B.8 DS of the child zone's apex.
  EXPECT_EQ(ask("a.z.w.example", RrType::kMx),
            "NOERROR aa | a.z.w.example. MX+ | x.y.w.example. NSEC+ | ai.example. A+ ai.example. "
            "AAAA+");
  EXPECT_EQ(ask("a.z.w.example", RrType::kAaaa),
            "NOERROR aa | | example. SOA+ x.y.w.example. NSEC+ *.w.example. NSEC+ |");
  EXPECT_EQ(ask("example", RrType::kDs), "NOERROR aa | | example. SOA+ example. NSEC+ |");
}

TEST_F(Rfc4035, EmptyNonTerminalsAndParentSideDs) {
  EXPECT_EQ(ask("y.w.example", RrType::kA), "NOERROR aa | | example. SOA+ x.w.example. NSEC+ |");
  EXPECT_EQ(ask("a.example", RrType::kDs), "NOERROR aa | a.example. DS+ | |");
  EXPECT_EQ(ask("b.example", RrType::kDs), "NOERROR aa | | example. SOA+ b.example. NSEC+ |");
  EXPECT_EQ(ask("zz.w.example", RrType::kA),
            "NOERROR aa | | example. SOA+ x.y.w.example. NSEC+ *.w.example. NSEC+ |");
}

TEST_F(Rfc4035, WithoutDoNothingIsAddedButWhatWasAskedFor) {
  EXPECT_EQ(ask("x.w.example", RrType::kMx, false),
            "NOERROR aa | x.w.example. MX | | xx.example. A xx.example. AAAA");
  EXPECT_EQ(ask("ml.example", RrType::kA, false), "NXDOMAIN aa | | example. SOA |");
  EXPECT_EQ(ask("mc.a.example", RrType::kMx, false),
            "NOERROR | | a.example. NS | ns1.a.example. A ns2.a.example. A");
  EXPECT_EQ(ask("ai.example", RrType::kNsec, false), "NOERROR aa | ai.example. NSEC | |");
  EXPECT_EQ(ask("ns1.example", RrType::kRrsig, false),
            "NOERROR aa | ns1.example. RRSIG(A) ns1.example. RRSIG(NSEC) | |");
}

TEST_F(Rfc4035, MetaQueries) {
  EXPECT_EQ(ask("ai.example", RrType::kNsec), "NOERROR aa | ai.example. NSEC+ | |");
  EXPECT_EQ(ask("example", RrType::kDnskey), "NOERROR aa | example. DNSKEY+ | |");
  EXPECT_EQ(ask("ns1.example", RrType::kRrsig),
            "NOERROR aa | ns1.example. RRSIG(A) ns1.example. RRSIG(NSEC) | |");
  EXPECT_EQ(ask("y.w.example", RrType::kRrsig),
            "NOERROR aa | | example. SOA+ x.w.example. NSEC+ |");
  EXPECT_EQ(ask("ai.example", RrType::kAny), "NOERROR aa | ai.example. A+ | |") << "RFC 8482";
  EXPECT_EQ(shape(world_.ask(
                {.name = "ai.example", .type = RrType::kAny, .tcp = true, .dnssec_ok = true})),
            "NOERROR aa | ai.example. A+ ai.example. HINFO+ ai.example. AAAA+ ai.example. NSEC+ | "
            "|");
}

TEST_F(Rfc4035, FlagsAreThoseOfAnAuthority) {
  const Reply reply = world_.ask({.name = "ns1.example", .dnssec_ok = true, .flags = 0x0130});
  EXPECT_TRUE(reply.dnssec_ok) << "DO comes back";
  EXPECT_EQ(reply.message.flags & 0x0030, 0x0010) << "CD comes back, AD is not ours to set";
}

TEST_F(Rfc5155, AppendixB) {
  // B.1 name error.
  EXPECT_EQ(ask("a.c.x.w.example", RrType::kA),
            "NXDOMAIN aa | | example. SOA+ "
            "b4um86eghhds6nea196smvmlo4ors995.example. NSEC3+ "
            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3+ "
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3+ |");
  // B.2 no data, B.2.1 no data of an empty non-terminal.
  EXPECT_EQ(ask("ns1.example", RrType::kMx),
            "NOERROR aa | | example. SOA+ 2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. NSEC3+ |");
  EXPECT_EQ(ask("y.w.example", RrType::kA),
            "NOERROR aa | | example. SOA+ ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. NSEC3+ |");
  // B.3 referral to an unsigned zone in an opt-out range.
  EXPECT_EQ(ask("mc.c.example", RrType::kMx),
            "NOERROR | | c.example. NS "
            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3+ "
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3+ | ns1.c.example. A ns2.c.example. A");
  // B.4 wildcard expansion, B.5 wildcard no data, B.6 DS of the child zone's apex.
  EXPECT_EQ(ask("a.z.w.example", RrType::kMx),
            "NOERROR aa | a.z.w.example. MX+ | q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3+ | "
            "ai.example. A+ ai.example. AAAA+");
  EXPECT_EQ(ask("a.z.w.example", RrType::kAaaa),
            "NOERROR aa | | example. SOA+ "
            "q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3+ "
            "k8udemvp1j2f7eg6jebps17vp3n8i58h.example. NSEC3+ "
            "r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. NSEC3+ |");
  EXPECT_EQ(ask("example", RrType::kDs),
            "NOERROR aa | | example. SOA+ 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3+ |");
}

TEST_F(Rfc5155, DsOfAnOptedOutCut) {
  EXPECT_EQ(ask("c.example", RrType::kDs),
            "NOERROR aa | | example. SOA+ "
            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3+ "
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3+ |");
}

TEST_F(Rfc5155, OwnersOfNsec3AreNoNames) {
  EXPECT_EQ(ask("35mthgpgcu1qg68fab165klnsnk3dpvl.example", RrType::kNsec3).substr(0, 8),
            "NXDOMAIN");
  EXPECT_EQ(ask("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example", RrType::kA),
            "NOERROR aa | 2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. A+ | |");
  EXPECT_EQ(ask("example", RrType::kNsec3param), "NOERROR aa | example. NSEC3PARAM+ | |");
}

class OptedOut : public Signed {
 protected:
  OptedOut() : Signed(tests::rfc5155_zone() + "cut.ent2.example. 3600 NS ns.other.\n") {}
};

// An empty non-terminal above insecure cuts alone has no NSEC3: what is shown as the closest
// encloser is the apex, and it is the apex whose wildcard must not exist.
TEST_F(OptedOut, TheDeniedWildcardIsThatOfTheEncloserShown) {
  EXPECT_EQ(ask("q.ent2.example", RrType::kA),
            "NXDOMAIN aa | | example. SOA+ "
            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3+ "
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3+ "
            "gjeqe526plbf1g8mklp59enfd789njgi.example. NSEC3+ |");
  EXPECT_EQ(ask("ent2.example", RrType::kA),
            "NOERROR aa | | example. SOA+ "
            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3+ "
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3+ |");
}

class Chains : public Signed {
 protected:
  Chains()
      : Signed(tests::rfc4035_zone() +
               tests::with_signatures("c1.example. 3600 CNAME c2.example.\n"
                                      "c2.example. 3600 CNAME nothing.example.\n"
                                      "*.ca.example. 3600 CNAME x.cb.example.\n"
                                      "*.cb.example. 3600 CNAME xx.example.\n"
                                      "d.example. 3600 DNAME w.example.\n"
                                      "tob.example. 3600 CNAME x.b.example.\n",
                                      "example.")) {}
};

TEST_F(Chains, EveryLinkIsSignedAndTheLastNameIsProven) {
  EXPECT_EQ(ask("c1.example", RrType::kA),
            "NXDOMAIN aa | c1.example. CNAME+ c2.example. CNAME+ | "
            "example. SOA+ b.example. NSEC+ example. NSEC+ |");
  EXPECT_EQ(ask("c1.example", RrType::kTxt, false),
            "NXDOMAIN aa | c1.example. CNAME c2.example. CNAME | example. SOA |");
}

TEST_F(Chains, WildcardsOnTheWayAreProvenOnceTheAnswerIsWhole) {
  EXPECT_EQ(ask("1.ca.example", RrType::kA),
            "NOERROR aa | 1.ca.example. CNAME+ x.cb.example. CNAME+ xx.example. A+ | "
            "b.example. NSEC+ |")
      << "one NSEC for both";
  EXPECT_EQ(ask("1.ca.example", RrType::kMx),
            "NOERROR aa | 1.ca.example. CNAME+ x.cb.example. CNAME+ | "
            "example. SOA+ b.example. NSEC+ xx.example. NSEC+ |");
}

TEST_F(Chains, TheCnameOfADnameIsNotSigned) {
  EXPECT_EQ(ask("x.d.example", RrType::kMx),
            "NOERROR aa | d.example. DNAME+ x.d.example. CNAME x.w.example. MX+ | | "
            "xx.example. A+ xx.example. AAAA+");
}

TEST_F(Chains, AReferralAtTheEndProvesThatTheChildIsUnsigned) {
  EXPECT_EQ(ask("tob.example", RrType::kA),
            "NOERROR aa | tob.example. CNAME+ | b.example. NS b.example. NSEC+ | "
            "ns1.b.example. A ns2.b.example. A");
}

TEST_F(Chains, SignaturesHaveTheTtlOfTheirSet) {
  const Reply reply = world_.ask({.name = "nothing.example", .dnssec_ok = true});
  for (const auto& record : reply.message.sections[1]) { EXPECT_EQ(record.ttl, 3600U); }
}

class Large : public Signed {
 protected:
  Large() : Signed(text()) {}
  static std::string text() {
    std::string records;
    // RRsets that fit 512 octets alone but not with their signatures of 100 octets and more.
    records += "fits.example. 3600 TXT \"" + std::string(200, 'x') + "\"\n";
    records += "tight.example. 3600 TXT \"" + std::string(250, 'x') + "\" \"" +
               std::string(150, 'y') + "\"\n";
    records += "mx.example. 3600 MX 1 tight-a.example.\n";
    records += "tight-a.example. 3600 AAAA 2001:db8::1\n";
    std::string text = tests::with_signatures(records, "example.");
    for (std::size_t at = 0; (at = text.find("example. AAAA\n", at)) != text.npos; ++at) {
      text.replace(at, 14, "example. " + std::string(120, 'A') + '\n');
    }
    return tests::rfc4035_zone() + text;
  }
};

TEST_F(Large, AnAnswerWithoutRoomForItsSignatureIsTruncatedAndHoldsNeither) {
  const Ask ask{.name = "tight.example", .type = RrType::kTxt, .dnssec_ok = true, .payload = 512};
  EXPECT_EQ(shape(world_.ask(ask)), "NOERROR aa tc | | |");
  EXPECT_EQ(shape(world_.ask({.name = "tight.example", .type = RrType::kTxt, .payload = 512})),
            "NOERROR aa | tight.example. TXT | |")
      << "without DO it fits";
  EXPECT_EQ(this->ask("tight.example", RrType::kTxt), "NOERROR aa | tight.example. TXT+ | |");
  EXPECT_EQ(shape(world_.ask(
                {.name = "fits.example", .type = RrType::kTxt, .dnssec_ok = true, .payload = 512})),
            "NOERROR aa | fits.example. TXT+ | |");
}

TEST_F(Large, AdditionalRecordsGoWithoutTcAndNeverUnsigned) {
  // Fill the message so that the address fits but its signature does not: any payload in between.
  bool has_dropped = false;
  for (std::uint16_t payload = 512; payload <= 700; ++payload) {
    const Reply reply = world_.ask(
        {.name = "mx.example", .type = RrType::kMx, .dnssec_ok = true, .payload = payload});
    EXPECT_FALSE(reply.tc);
    const std::string got = shape(reply);
    EXPECT_TRUE(got == "NOERROR aa | mx.example. MX+ | | tight-a.example. AAAA+" ||
                got == "NOERROR aa | mx.example. MX+ | |")
        << got;
    has_dropped |= !got.ends_with('+');
  }
  EXPECT_FALSE(has_dropped) << "all of it fits in 512 octets";
}

TEST_F(Rfc5155, NothingIsAllocated) {
  std::vector<gslb::dns::testing::Buffer> queries;
  for (const char* name :
       {"example", "a.c.x.w.example", "ns1.example", "y.w.example", "mc.c.example", "mc.a.example",
        "a.z.w.example", "c.example", "35mthgpgcu1qg68fab165klnsnk3dpvl.example"}) {
    for (const RrType type : {RrType::kA, RrType::kMx, RrType::kDs, RrType::kRrsig, RrType::kAny}) {
      queries.push_back(tests::make_query({.name = name, .type = type, .dnssec_ok = true}));
    }
  }
  std::vector<std::uint8_t> out(65535);
  const auto resolver = gslb::Address::parse("192.0.2.53").value();
  const std::uint64_t before = tests::thread_allocations();
  for (const auto& query : queries) {
    gslb::answer::answer(*world_.snapshot, {query, resolver, gslb::answer::Transport::kUdp},
                         world_.scratch, world_.counters, out);
  }
  EXPECT_EQ(tests::thread_allocations(), before);
}

}  // namespace
