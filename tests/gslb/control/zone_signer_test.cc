#include "gslb/control/zone_signer.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include <gtest/gtest.h>

#include "gslb/zone/derive.h"
#include "gslb/zone/loader.h"

#include "tests/support/folder.h"

namespace gslb::control {
namespace {

namespace fs = std::filesystem;

// A signer behind a store, with a folder of its own.
class ZoneSignerTest : public testing::Test {
 protected:
  void SetUp() override {
    signer_ = std::make_unique<ZoneSigner>(clock_, [this](const dns::Name&) {
      std::lock_guard lock(mutex_);
      ++ready_;
      changed_.notify_all();
    });
    store_.set_stage([this](const StageInput& input) { return signer_->stage(input); });
  }
  void TearDown() override { signer_.reset(); }

  config::Config config(const std::string& policy = "") {
    Problems problems;
    auto made = config::parse("[server]\nstate_dir = '" + folder_.path() +
                                  "/state'\n[[zone]]\nname = 'a.'\nfile = 'a.zone'\n"
                                  "dnssec = 'p'\n[dnssec.p]\n" +
                                  policy,
                              folder_ / "proxima.toml", problems);
    EXPECT_TRUE(made) << problems.to_string();
    return *made;
  }
  void configure(const std::string& policy = "") {
    signer_->configure(config(policy), std::make_shared<const RoutedTypes>(), nullptr);
  }
  ZoneTable::Row row(std::uint32_t serial, std::size_t hosts, const std::string& more = "") {
    std::string text = "$TTL 60\n@ SOA ns h " + std::to_string(serial) + " 1 1 1 1\n@ NS ns.b.\n";
    for (std::size_t i = 0; i < hosts; ++i) { text += "h" + std::to_string(i) + " A 192.0.2.1\n"; }
    Problems problems;
    auto made = std::make_shared<LoadedZone>();
    made->apex = apex_;
    made->file = "a.zone";
    made->zone = zone::load_zone_text(apex_, text + more, "text", {}, problems);
    EXPECT_TRUE(made->zone) << problems.to_string();
    return made;
  }
  static ZonePtr rebind(const zone::Zone& from, const zone::RouteBinding& route) {
    zone::Derivation changes;
    changes.routes = {route};
    return zone::derive(from, changes);
  }
  void serve(const ZoneTable::Row& row) {
    store_.adopt(std::make_shared<const ZoneTable>(std::vector<ZoneTable::Row>{row}));
  }
  ZonePtr served() { return store_.served(apex_); }
  // The signing thread asked for a restage; false after a minute.
  bool wait_until_ready() {
    std::unique_lock lock(mutex_);
    const bool is_ready =
        changed_.wait_for(lock, std::chrono::minutes(1), [&] { return ready_ > 0; });
    ready_ = 0;
    return is_ready;
  }
  bool has_host(const std::string& owner) {
    return served()->find_node(dns::Name::parse(owner)->wire()) != zone::kNoNode;
  }

  const tests::Folder folder_;
  const dns::Name apex_ = *dns::Name::parse("a.");
  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int ready_ = 0;
  std::unique_ptr<ZoneSigner> signer_;
  ZoneStore store_;
};

TEST_F(ZoneSignerTest, SignsASmallZoneWhereItStands) {
  configure();
  serve(row(7, 3));
  ASSERT_EQ(served()->state(), zone::ZoneState::kServed);
  EXPECT_TRUE(served()->is_signed());
  EXPECT_EQ(served()->serial(), 7U);
  signer_->start();
  serve(row(8, 4));
  EXPECT_TRUE(served()->is_signed());
  EXPECT_TRUE(has_host("h3.a."));
  EXPECT_EQ(served()->serial(), 8U);
  const auto status = signer_->status(apex_);
  ASSERT_TRUE(status);
  ASSERT_EQ(status->keys.size(), 1U);
  EXPECT_EQ(status->problem, "");
  EXPECT_TRUE(status->first_expiration);
}

TEST_F(ZoneSignerTest, RoutedSetsThatAreDueTogetherAreRenewedInSlices) {
  FakeClock clock;
  ZoneSigner signer(clock, [](const dns::Name&) {});
  store_.set_stage([&](const StageInput& input) { return signer.stage(input); });
  signer.configure(config("signature_lifetime = '10d'\nsignature_refresh = '4d'\n"
                          "signature_jitter = '0s'\n"),
                   std::make_shared<const RoutedTypes>(), nullptr);
  serve(row(1, 3));
  ASSERT_TRUE(served()->is_signed());
  const ZonePtr zone = served();
  const dns::Name owner = *dns::Name::parse("r.a.");
  WallTime renew_at;
  std::vector<std::vector<std::uint8_t>> rdata;
  for (std::uint8_t i = 0; i < 5; ++i) { rdata.push_back({0, 4, 192, 0, 2, i}); }
  std::vector<dns::RrsetView> sets;
  for (const auto& each : rdata) { sets.push_back({dns::RrType::kA, 60, 1, each}); }
  std::vector<std::vector<std::uint8_t>> signatures;
  for (const dns::RrsetView& set : sets) {
    signatures.push_back(signer.routed_signing(&renew_at).sign({*zone, owner.wire(), set}));
    ASSERT_FALSE(signatures.back().empty());
  }
  const auto count_fresh = [&] {
    const auto signing = signer.routed_signing(&renew_at, 2);
    int fresh = 0;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const dns::RrsetView made{dns::RrType::kRrsig, 60, 1, signatures[i]};
      fresh += signing.is_fresh({*zone, owner.wire(), sets[i]}, made) ? 1 : 0;
    }
    return fresh;
  };
  EXPECT_EQ(count_fresh(), 5);
  EXPECT_EQ(renew_at, clock.wall() + std::chrono::hours(6 * 24));
  clock.advance(std::chrono::hours(6 * 24));
  EXPECT_EQ(count_fresh(), 3) << "two are renewed now";
  EXPECT_LE(renew_at, clock.wall()) << "the others soon";
  clock.advance(std::chrono::hours(2 * 24));
  EXPECT_EQ(count_fresh(), 0) << "half of the refresh time is gone: no more waiting";
}

TEST_F(ZoneSignerTest, AnotherKindOfDenialIsAnotherVersion) {
  configure();
  serve(row(1, 3));
  EXPECT_EQ(served()->denial(), zone::DenialKind::kNsec);
  EXPECT_EQ(served()->compact_id(), 0U);
  configure("denial = \"compact\"\n");
  store_.restage(apex_);
  EXPECT_EQ(served()->denial(), zone::DenialKind::kNsec3);
  EXPECT_NE(served()->compact_id(), 0U);
  EXPECT_EQ(served()->serial(), 2U);
}

TEST_F(ZoneSignerTest, LargeZoneIsSignedBesideWhileTheOldOneServes) {
  configure();
  serve(row(1, 3000));
  const ZonePtr first = served();
  ASSERT_TRUE(first->is_signed());
  signer_->start();
  const std::uint64_t made = signer_->signatures_made();
  serve(row(2, 3001));
  // The planning thread came back with the old content, signed.
  EXPECT_FALSE(has_host("h3000.a."));
  EXPECT_TRUE(served()->is_signed());
  EXPECT_EQ(served()->serial(), 1U);
  ASSERT_TRUE(wait_until_ready());
  store_.restage(apex_);
  EXPECT_TRUE(has_host("h3000.a."));
  EXPECT_TRUE(served()->is_signed());
  EXPECT_EQ(served()->serial(), 2U);
  EXPECT_LT(signer_->signatures_made() - made, 20U) << "what is unchanged keeps its signatures";
  EXPECT_EQ(store_.status(apex_)->problem, "");
}

TEST_F(ZoneSignerTest, SerialGoesOnWhenTheFilesDoesNot) {
  configure();
  serve(row(10, 1));
  serve(row(10, 2));
  EXPECT_EQ(served()->serial(), 11U);
  serve(row(4, 3));
  EXPECT_EQ(served()->serial(), 12U);
  serve(row(20, 3));
  EXPECT_EQ(served()->serial(), 20U);
}

TEST_F(ZoneSignerTest, RestartKeepsSignaturesAndSerial) {
  configure();
  serve(row(10, 1));
  serve(row(10, 2));
  const auto signature = [&] {
    const auto set = served()->signatures(zone::Zone::kApexNode, dns::RrType::kNs);
    return std::vector<std::uint8_t>(set->rdata.begin(), set->rdata.end());
  };
  const auto before = signature();
  signer_ = std::make_unique<ZoneSigner>(clock_, [](const dns::Name&) {});
  ZoneStore again;
  again.set_stage([this](const StageInput& input) { return signer_->stage(input); });
  configure();
  again.adopt(std::make_shared<const ZoneTable>(std::vector<ZoneTable::Row>{row(10, 2)}));
  EXPECT_EQ(again.served(apex_)->serial(), 11U);
  EXPECT_EQ(signer_->signatures_made(), 0U);
  const auto set = again.served(apex_)->signatures(zone::Zone::kApexNode, dns::RrType::kNs);
  EXPECT_TRUE(std::ranges::equal(set->rdata, before));
}

TEST_F(ZoneSignerTest, StaticAnswersAreSignedContentWithASerial) {
  const zone::RouteBinding route{*dns::Name::parse("w.a."), 0, {}, {}};
  const auto types = std::make_shared<const RoutedTypes>(RoutedTypes{{dns::RrType::kA}});
  config::Config sent = config();
  config::ZoneTransfer rules;
  rules.allow.emplace_back();
  sent.zones[0].transfer = rules;
  const auto serve_with = [&](ZoneStore& store, std::uint8_t octet) {
    const auto statics = std::make_shared<const transfer::StaticAnswers>(
        transfer::StaticAnswers{{{dns::RrType::kA, 30, 1, {0, 4, 192, 0, 2, octet}},
                                 {dns::RrType::kAaaa, 30, 1, std::vector<std::uint8_t>(18)}}});
    const auto restaged = signer_->configure(sent, types, statics);
    auto with_route = std::make_shared<LoadedZone>(*row(10, 1));
    with_route->zone = rebind(*with_route->zone, route);
    with_route->routes = {route};
    store.adopt(std::make_shared<const ZoneTable>(std::vector<ZoneTable::Row>{with_route}));
    for (const dns::Name& apex : restaged) { store.restage(apex); }
  };
  const auto signature = [&](const ZoneStore& store) {
    const ZonePtr zone = store.served(apex_);
    const zone::NodeIndex node = zone->find_node(route.owner.wire());
    EXPECT_FALSE(zone->rrset(node, dns::RrType::kAaaa)) << "not promised";
    const auto set = zone->signatures(node, dns::RrType::kA);
    EXPECT_TRUE(set);
    return std::vector<std::uint8_t>(set->rdata.begin(), set->rdata.end());
  };
  serve_with(store_, 1);
  EXPECT_EQ(served()->serial(), 10U);
  const auto first = signature(store_);
  serve_with(store_, 2);
  EXPECT_EQ(served()->serial(), 11U);
  EXPECT_NE(signature(store_), first);
  serve_with(store_, 2);
  EXPECT_EQ(served()->serial(), 11U);
  const auto last = signature(store_);
  signer_ = std::make_unique<ZoneSigner>(clock_, [](const dns::Name&) {});
  ZoneStore again;
  again.set_stage([this](const StageInput& input) { return signer_->stage(input); });
  serve_with(again, 2);
  EXPECT_EQ(again.served(apex_)->serial(), 11U);
  EXPECT_EQ(signature(again), last) << "what secondaries have under this serial";
}

TEST_F(ZoneSignerTest, WithoutKeysNothingIsServedUnsigned) {
  configure("generate = false\n");
  serve(row(1, 1));
  EXPECT_EQ(served()->state(), zone::ZoneState::kNotReady);
  EXPECT_NE(store_.status(apex_)->problem.find("proximactl keys generate a. --dir"),
            std::string::npos);
}

TEST_F(ZoneSignerTest, KeysThatCannotBeWrittenLeaveTheZoneUnserved) {
  fs::create_directories(folder_ / "state");
  std::ofstream(folder_ / "state/keys") << "no folder";
  configure();
  serve(row(1, 1));
  EXPECT_EQ(served()->state(), zone::ZoneState::kNotReady);
  EXPECT_NE(store_.status(apex_)->problem, "");
}

TEST_F(ZoneSignerTest, ZoneWithoutADsMayLoseItsPolicy) {
  configure();
  serve(row(1, 1));
  EXPECT_FALSE(signer_->ds_seen(apex_, std::nullopt));
  ASSERT_FALSE(signer_->ds_seen(apex_, 1));
  config::Config bare = config();
  bare.zones[0].dnssec.reset();
  signer_->configure(bare, std::make_shared<const RoutedTypes>(), nullptr);
  store_.restage(apex_);
  // No DS was asked for yet: it may go.
  EXPECT_FALSE(signer_->status(apex_));
}

TEST_F(ZoneSignerTest, CommandsSayWhatTheyDidOrWhyNot) {
  configure();
  serve(row(1, 1));
  const auto other = signer_->roll(*dns::Name::parse("b."), std::nullopt, std::nullopt);
  ASSERT_FALSE(other);
  EXPECT_TRUE(other.error().is_unknown);
  EXPECT_FALSE(signer_->roll(apex_, dnssec::KeyRole::kZsk, std::nullopt));
  ASSERT_TRUE(signer_->generate(apex_, std::nullopt));
  EXPECT_EQ(signer_->status(apex_)->keys.size(), 2U);
  EXPECT_TRUE(signer_->roll(apex_, std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace gslb::control
