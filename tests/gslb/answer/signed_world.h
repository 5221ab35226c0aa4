// The world with "example." signed: every routed answer is to be of sets signed beforehand.
#pragma once

#include <set>

#include <gtest/gtest.h>

#include "gslb/dnssec/sign_rrset.h"
#include "gslb/dnssec/sign_zone.h"

#include "tests/support/world.h"

namespace tests {

using gslb::answer::RoutedSets;
using gslb::answer::RoutedSigning;
using gslb::answer::RoutedSource;
using gslb::answer::SignRequest;
using gslb::dns::RrsetView;
using gslb::dns::RrType;
using gslb::dnssec::SigningKey;
using gslb::fleet::AdminState;
using Buffer = std::vector<std::uint8_t>;

inline constexpr const char* kEurope = "198.51.100.0/24";
inline constexpr const char* kOnNet = "198.51.104.0/24";
inline constexpr gslb::dnssec::Validity kValidity{1'700'000'000, 2'000'000'000};

// Beside the world's own: three answers at a time, IPv4 alone, another CDN, and HTTPS records.
inline std::string more_config() {
  const std::string berlin = "latitude = 52.5\nlongitude = 13.4";
  return text_of({.id = "ber",
                  .nodes = {"203.0.113.61"},
                  .place = berlin,
                  .more = "tiers = [\"four\"]"}) +
         text_of({.id = "partner",
                  .place = berlin,
                  .more = "tiers = [\"partner\"]\ncname = \"customer.partner.test.\""}) +
         text_of({.id = "ams",
                  .nodes = {"203.0.113.71 2001:db8:ae5::71", "203.0.113.72 2001:db8:ae5::72"},
                  .place = "latitude = 52.4\nlongitude = 4.9",
                  .more = "tiers = [\"secure\"]\nhost = \"ams.c.example.\""}) +
         text_of({.id = "par",
                  .nodes = {"203.0.113.81"},
                  .place = "latitude = 48.9\nlongitude = 2.4",
                  .more = "tiers = [\"secure\"]\nhost = \"par.c.example.\"\nbias_ms = 50"}) +
         R"(
[service.multi]
tiers = ["partner", "default"]
https = { alpn = ["h2"] }
[service.partner]
tiers = ["partner"]
[service.three]
answers = 3
[service.four]
tiers = ["four"]
[service.secure]
tiers = ["secure"]
https = { alpn = ["h2"], runner_up = true }
fallback = "pool"
fallback_pool = ["203.0.113.250", "2001:db8::250"]
)" +
         text_of_routes({{"three.example.", "three"},
                         {"four.example.", "four"},
                         {"multi.example.", "multi"},
                         {"*.multi.example.", "multi"},
                         {"partner.example.", "partner"},
                         {"web.example.", "secure"},
                         {"*.web.example.", "secure"}});
}

inline gslb::dns::Name name_of(const std::string& text) {
  return gslb::dns::Name::parse(text).value();
}

// The world with "example." signed; snapshots are dressed in it as the control floor would.
class SignedRouted : public testing::TestWithParam<gslb::dnssec::Denial> {
 protected:
  SignedRouted()
      : key_(SigningKey::generate(name_of("example."), gslb::dnssec::Algorithm::kEcdsaP256Sha256,
                                  gslb::dnssec::kKskFlags)),
        public_(*gslb::dnssec::PublicKey::from_rdata(key_->dnskey_rdata())),
        world_(kWorldConfig + more_config(),
               {{"example.zone", kWorldZone}, {"other.zone", kOtherZone}}) {
    sign_zone();
    sets_ = build(nullptr);
  }

  RoutedSource source() const {
    const auto& compiled = *world_.epoch->compiled;
    return {*zones_, *compiled.services, *compiled.fleet, compiled.config};
  }
  RoutedSigning signing() {
    return {.sign = [this](const SignRequest& request) -> Buffer {
              ++signed_;
              if (request.set.type == refused_) { return {}; }
              const Buffer rrsig =
                  gslb::dnssec::sign_rrset(key_, request.lower_owner, request.set, kValidity);
              Buffer block;
              gslb::dns::append_record(block, rrsig);
              return block;
            },
            .is_fresh = [this](const SignRequest&, const RrsetView&) { return is_fresh_; }};
  }
  std::shared_ptr<const RoutedSets> build(const RoutedSets* previous) {
    return RoutedSets::build(source(), signing(), previous);
  }

  void sign_zone() {
    zones_ = world_.epoch->compiled->zones;
    gslb::dnssec::SigningPlan plan;
    plan.keys = {{.key = key_, .signs_keys = true, .signs_zone = true}};
    plan.denial = GetParam();
    plan.serial = 8;
    plan.now = gslb::WallTime(std::chrono::seconds(1'700'000'000));
    plan.routed_types = [this](gslb::zone::RouteIndex route) {
      return gslb::answer::routed_types(source(), route);
    };
    std::vector<std::shared_ptr<const gslb::zone::Zone>> zones;
    for (const auto& zone : zones_->zones()) {
      zones.push_back(zone->apex() == name_of("example.")
                          ? gslb::dnssec::sign_zone(*zone, plan, nullptr).value().zone
                          : zone);
    }
    zones_ = std::make_shared<gslb::zone::ZoneSet>(std::move(zones));
  }

  Reply ask(const Ask& ask) {
    if (world_.snapshot->zones != zones_ || world_.snapshot->routed_sets != sets_) {
      auto dressed = std::make_shared<gslb::answer::Snapshot>(*world_.snapshot);
      dressed->zones = zones_;
      dressed->routed_sets = sets_;
      world_.snapshot = std::move(dressed);
    }
    return world_.ask(ask);
  }
  std::set<std::string> addresses(const std::string& name, RrType type = RrType::kA,
                                  const std::string& ecs = kEurope) {
    const Reply reply = ask({.name = name, .type = type, .ecs = ecs, .dnssec_ok = true});
    expect_signed(reply);
    const auto found = reply.answers(type);
    return {found.begin(), found.end()};
  }

  // One RRset of addresses (or a CNAME) with an RRSIG of our key that verifies.
  void expect_signed(const Reply& reply) {
    Buffer rdata;
    RrsetView set;
    Buffer rrsig;
    std::string owner;
    for (const auto& record : reply.message.sections[0]) {
      if (record.type == RrType::kRrsig) {
        rrsig = record.rdata;
        continue;
      }
      owner = record.owner;
      set.type = record.type;
      set.ttl_s = record.ttl;
      ++set.count;
      // CNAME targets are compressed; those of this test are told from the service.
      gslb::dns::append_record(rdata, record.type == RrType::kCname ? cname_ : record.rdata);
    }
    set.rdata = rdata;
    ASSERT_GT(set.count, 0) << reply.text();
    ASSERT_FALSE(rrsig.empty()) << reply.text();
    EXPECT_TRUE(gslb::dnssec::verify_rrset(public_, name_of(owner).lower().wire(), set, rrsig))
        << reply.text();
  }
  bool proves_in_authority(const Reply& reply) const {
    const RrType type = GetParam() == gslb::dnssec::Denial::kNsec ? RrType::kNsec : RrType::kNsec3;
    bool has_proof = false;
    bool has_soa = false;
    for (const auto& record : reply.message.sections[1]) {
      has_proof |= record.type == type;
      has_soa |= record.type == RrType::kSoa;
    }
    return has_proof && !has_soa;
  }
  // Of the NSEC or NSEC3 records in the authority section that have NS in no bitmap: the types.
  std::set<RrType> types_in_proof(const Reply& reply) const {
    std::set<RrType> types;
    const bool is_nsec = GetParam() == gslb::dnssec::Denial::kNsec;
    for (const auto& record : reply.message.sections[1]) {
      if (record.type != (is_nsec ? RrType::kNsec : RrType::kNsec3)) { continue; }
      const gslb::Octets rdata = record.rdata;
      const std::size_t at = is_nsec ? gslb::dns::wire_name_size(rdata) : 6U + rdata[4] + 20;
      for (const RrType type : gslb::dns::testing::types_in(rdata.subspan(at))) {
        types.insert(type);
      }
    }
    return types;
  }
  void down(const std::string& glob) { world_.set_admin(glob, AdminState::kDown); }

  std::shared_ptr<const SigningKey> key_;
  gslb::dnssec::PublicKey public_;
  World world_;
  std::shared_ptr<const gslb::zone::ZoneSet> zones_;
  std::shared_ptr<const RoutedSets> sets_;
  std::size_t signed_ = 0;
  bool is_fresh_ = true;
  RrType refused_ = RrType::kAny;
  Buffer cname_;
};

}  // namespace tests
