// A signed zone with addresses at routed owners: what secondaries that don't steer answer.  Servers
// that steer give them only where routed sets can't be signed, and then whole.
#include <gtest/gtest.h>

#include "gslb/answer/routed_sets.h"
#include "gslb/dnssec/sign_zone.h"

#include "tests/support/world.h"

namespace {

using gslb::dns::RrsetView;
using gslb::dns::RrType;
using gslb::dnssec::SigningKey;
using tests::Reply;

const std::vector<std::uint8_t> kUnsteered = {0, 4, 192, 0, 2, 99};
constexpr const char* kUnsteeredText = "192.0.2.99";

class Unsteered : public testing::Test {
 protected:
  Unsteered()
      : world_(tests::kWorldConfig,
               {{"example.zone",
                 std::string(tests::kWorldZone) + "to-routed MX 1 www\nwww TXT \"beside\"\n"},
                {"other.zone", tests::kOtherZone}}) {
    gslb::dnssec::SigningPlan plan;
    plan.now = gslb::WallTime(std::chrono::seconds(1'700'000'000));
    plan.routed_sets = [](auto) { return std::vector<RrsetView>{{RrType::kA, 60, 1, kUnsteered}}; };
    std::vector<std::shared_ptr<const gslb::zone::Zone>> zones;
    for (const auto& zone : world_.epoch->compiled->zones->zones()) {
      const auto key = SigningKey::generate(zone->apex(), gslb::dnssec::Algorithm::kEcdsaP256Sha256,
                                            gslb::dnssec::kKskFlags);
      plan.keys = {{.key = key, .signs_keys = true, .signs_zone = true}};
      zones.push_back(gslb::dnssec::sign_zone(*zone, plan, nullptr).value().zone);
    }
    zones_ = std::make_shared<gslb::zone::ZoneSet>(std::move(zones));
  }

  // `has_keys`: of the routed sets, whose signatures are nobody's concern here.
  Reply ask(const tests::Ask& ask, bool has_keys) {
    const auto& compiled = *world_.epoch->compiled;
    auto dressed = std::make_shared<gslb::answer::Snapshot>(*world_.snapshot);
    dressed->zones = zones_;
    dressed->routed_sets = gslb::answer::RoutedSets::build(
        {*zones_, *compiled.services, *compiled.fleet, compiled.config},
        {.sign =
             [&](const auto&) {
               return has_keys ? std::vector<std::uint8_t>{0, 2, 1, 2}
                               : std::vector<std::uint8_t>{};
             },
         .is_fresh = [](const auto&, const auto&) { return false; }},
        nullptr);
    world_.snapshot = std::move(dressed);
    return world_.ask(ask);
  }

  tests::World world_;
  std::shared_ptr<const gslb::zone::ZoneSet> zones_;
};

TEST_F(Unsteered, AreNotWhatASteeringServerAnswers) {
  for (const RrType type : {RrType::kA, RrType::kAny, RrType::kRrsig, RrType::kTxt}) {
    const Reply reply = ask({.name = "www.example", .type = type, .dnssec_ok = true}, true);
    EXPECT_EQ(reply.rcode, "NOERROR");
    EXPECT_EQ(reply.text().find(kUnsteeredText), std::string::npos) << reply.text();
    for (const auto& record : reply.message.sections[0]) {
      if (type == RrType::kA || record.type != RrType::kRrsig) { continue; }
      EXPECT_NE(record.rdata[1], static_cast<std::uint8_t>(RrType::kA)) << reply.text();
    }
  }
  const Reply additional =
      ask({.name = "to-routed.example", .type = RrType::kMx, .dnssec_ok = true}, true);
  EXPECT_EQ(additional.answers(RrType::kMx).size(), 1U);
  EXPECT_TRUE(additional.section(2).empty()) << additional.text();
}

TEST_F(Unsteered, AreAnsweredWhereNothingSteeredIsSigned) {
  for (const char* name : {"www.example", "x.cdn.example"}) {
    const Reply reply = ask({.name = name, .dnssec_ok = true}, false);
    EXPECT_EQ(reply.rcode, "NOERROR");
    EXPECT_EQ(reply.answers(RrType::kA), std::vector<std::string>{kUnsteeredText});
    EXPECT_EQ(reply.section(0).size(), 2U) << "with its signature";
    EXPECT_FALSE(reply.ede);
    // IPv6 is promised, but there is none to be had.
    EXPECT_EQ(ask({.name = name, .type = RrType::kAaaa, .dnssec_ok = true}, false).rcode,
              "SERVFAIL");
  }
}

}  // namespace
