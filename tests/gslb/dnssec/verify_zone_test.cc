// What verify_zone() says of zones signed by others, by us, and badly.
#include "gslb/dnssec/verify_zone.h"

#include <gmock/gmock.h>

#include "gslb/base/file.h"
#include "gslb/dnssec/key_file.h"

#include "tests/gslb/dnssec/tool.h"
#include "tests/gslb/dnssec/zones.h"
#include "tests/support/folder.h"

namespace gslb::dnssec {
namespace {

using testing::HasSubstr;

std::string problems_of(const zone::Zone& zone, VerifyDepth depth, WallTime now) {
  Problems problems;
  verify_zone(zone, now, depth, "zone", problems);
  return problems.to_string();
}

// Signed on day 20000 for 14 days.
constexpr WallTime kNow{std::chrono::days(20001)};

SigningPlan plan(Denial denial = Denial::kNsec) {
  SigningPlan plan;
  plan.keys = {{SigningKey::generate(name("example."), Algorithm::kEcdsaP256Sha256, kKskFlags),
                true, true, true, true}};
  plan.denial = denial;
  plan.now = kNow - std::chrono::days(1);
  return plan;
}

// The zone with records left out or changed: `keep` may edit the RDATA and says whether it stays.
using Edit = std::function<bool(std::string_view owner, dns::RrType, Buffer& rdata)>;
std::shared_ptr<const zone::Zone> edited(const zone::Zone& zone, const Edit& keep) {
  zone::ZoneBuilder builder(zone.apex());
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    const auto owner = dns::Name::from_wire(zone.owner(node)).value();
    for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
      const dns::RrsetView set = zone.rrset_at(node, i);
      for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
        Buffer rdata(cursor.rdata().begin(), cursor.rdata().end());
        if (keep(owner.to_string(), set.type, rdata)) {
          builder.add(owner, set.type, set.ttl_s, rdata);
        }
      }
    }
  }
  return builder.build();
}

constexpr std::string_view kLines =
    "www A 192.0.2.1\nb.c TXT x\nsub NS ns.sub\nns.sub A 192.0.2.2\n";

TEST(VerifyZone, FindsNothingInWhatWeSign) {
  for (const Denial denial : {Denial::kNsec, Denial::kNsec3, Denial::kNsec3OptOut}) {
    for (std::uint64_t seed = 1; seed < 5; ++seed) {
      Random random(seed);
      const auto zone = sign_zone(*random_zone(random, 30), plan(denial), nullptr)->zone;
      EXPECT_EQ(problems_of(*zone, VerifyDepth::kQuick, kNow), "");
      EXPECT_EQ(problems_of(*zone, VerifyDepth::kFull, kNow), "");
    }
  }
  EXPECT_EQ(problems_of(*zone_of(kLines), VerifyDepth::kFull, kNow), "") << "not signed at all";
}

TEST(VerifyZone, FindsNothingInWhatTheToolsSign) {
  const std::string zone_text =
      "$TTL 600\n@ SOA Ns.Example. h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n*.w TXT \"x\"\n"
      "a.b.c MX 10 NS.example.\nsec NS ns.sec\nsec DS 1 13 2 " +
      std::string(64, '0') + "\nns.sec A 192.0.2.2\nins NS ns.sec\nd DNAME other.test.\n";
  for (const std::string options :
       {"bind", "bind -3 -", "bind -3 aabb -A", "ldns", "ldns -n", "ldns -n -p -s aabb"}) {
    const std::string tool = options.starts_with("bind") ? "dnssec-signzone" : "ldns-signzone";
    if (!has_tool(tool)) {
      std::printf("skipped: %s is not here\n", tool.c_str());
      continue;
    }
    SCOPED_TRACE(options);
    const tests::Folder directory;
    Problems problems;
    const KeyFile key{
        SigningKey::generate(name("example."), Algorithm::kEcdsaP256Sha256, kKskFlags), {}, {}};
    ASSERT_TRUE(write_key_file(directory.path(), key, problems));
    const bool is_bind = tool == "dnssec-signzone";
    directory.write("zone", zone_text + (is_bind ? public_text(key) : ""));
    const ToolRun run =
        run_tool("cd " + directory.path() + " && " + tool + " " + (is_bind ? "-z -P " : "") +
                 options.substr(4) + " -o example. -f signed zone " + key_file_name(*key.key));
    ASSERT_EQ(run.status, 0) << run.output;
    const auto zone = zone::load_zone(name("example."), directory.path() + "/signed", {}, problems);
    ASSERT_NE(zone, nullptr) << problems.to_string();
    // ldns-signzone's signatures begin in the second they were made.
    EXPECT_EQ(problems_of(*zone, VerifyDepth::kFull, SystemClock().wall()), "");
  }
}

TEST(VerifyZone, WarnsWhenQuickAndRefusesWhenFull) {
  const auto zone = sign_zone(*zone_of(kLines), plan(), nullptr)->zone;
  const WallTime late = kNow + std::chrono::days(30);
  EXPECT_THAT(problems_of(*zone, VerifyDepth::kQuick, late),
              HasSubstr("zone: warning: DNSSEC: example. SOA: signature has expired (sign the"));
  EXPECT_THAT(problems_of(*zone, VerifyDepth::kFull, late),
              HasSubstr("zone: error: DNSSEC: www.example. A: signature has expired"));
  EXPECT_THAT(problems_of(*zone, VerifyDepth::kQuick, kNow - std::chrono::days(30)),
              HasSubstr("not yet valid"));
}

TEST(VerifyZone, FindsWhatIsMissing) {
  const auto zone = sign_zone(*zone_of(kLines), plan(), nullptr)->zone;
  const auto without = [&](std::string_view owner, dns::RrType type) {
    return edited(*zone, [&](std::string_view of, dns::RrType one, Buffer& rdata) {
      const bool covers =
          one == dns::RrType::kRrsig && load_u16(rdata.data()) == static_cast<std::uint16_t>(type);
      return of != owner || (one != type && !covers);
    });
  };
  EXPECT_THAT(problems_of(*without("example.", dns::RrType::kDnskey), VerifyDepth::kQuick, kNow),
              HasSubstr("signatures, but no DNSKEY at example."));
  EXPECT_THAT(problems_of(*without("www.example.", dns::RrType::kNsec), VerifyDepth::kFull, kNow),
              HasSubstr("www.example. NSEC: missing"));
  EXPECT_THAT(problems_of(*without("www.example.", dns::RrType::kA), VerifyDepth::kFull, kNow),
              HasSubstr("NSEC: "));
  const auto unsigned_a = edited(*zone, [&](std::string_view of, dns::RrType type, Buffer& rdata) {
    return of != "www.example." || type != dns::RrType::kRrsig || load_u16(rdata.data()) != 1;
  });
  EXPECT_THAT(problems_of(*unsigned_a, VerifyDepth::kQuick, kNow),
              HasSubstr("www.example. A: not signed"));
}

TEST(VerifyZone, FindsWrongSignaturesOnlyWhenFull) {
  const auto zone = sign_zone(*zone_of(kLines), plan(Denial::kNsec3), nullptr)->zone;
  const auto wrong = edited(*zone, [](std::string_view of, dns::RrType type, Buffer& rdata) {
    if (of == "b.c.example." && type == dns::RrType::kTxt) { rdata.back() = 'y'; }
    return true;
  });
  EXPECT_EQ(problems_of(*wrong, VerifyDepth::kQuick, kNow), "");
  EXPECT_THAT(problems_of(*wrong, VerifyDepth::kFull, kNow),
              HasSubstr("b.c.example. TXT: signature is wrong"));
}

TEST(VerifyZone, SaysHowManyMore) {
  std::string lines;
  for (int i = 0; i < 50; ++i) { lines += "n" + std::to_string(i) + " A 192.0.2.1\n"; }
  const auto zone = sign_zone(*zone_of(lines), plan(), nullptr)->zone;
  Problems problems;
  verify_zone(*zone, kNow + std::chrono::days(30), VerifyDepth::kQuick, "zone", problems);
  EXPECT_EQ(problems.list().size(), 21U);
  EXPECT_THAT(problems.list().back().what, HasSubstr("88 more such problems"));
}

}  // namespace
}  // namespace gslb::dnssec
