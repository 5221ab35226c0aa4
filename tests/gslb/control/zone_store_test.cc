#include "gslb/control/zone_store.h"

#include <gtest/gtest.h>

#include "gslb/zone/derive.h"

namespace gslb::control {
namespace {

using zone::ZoneState;

dns::Name name(const std::string& text) { return dns::Name::parse(text).value(); }

ZonePtr zone_of(const std::string& apex, std::uint32_t serial, const std::string& more = "",
                const std::vector<zone::RouteBinding>& routes = {}) {
  Problems problems;
  auto made = zone::load_zone_text(
      name(apex),
      "$TTL 60\n@ SOA ns h " + std::to_string(serial) + " 1 1 1 1\n@ NS ns.other.\n" + more, "text",
      routes, problems);
  EXPECT_TRUE(made) << problems.to_string();
  return made;
}

ZoneTable::Row row(const std::string& apex, ZonePtr zone,
                   std::vector<zone::RouteBinding> routes = {}) {
  auto made = std::make_shared<LoadedZone>();
  made->apex = name(apex);
  if (zone) { made->file = apex + "zone"; }
  made->zone = std::move(zone);
  made->routes = std::move(routes);
  return made;
}

std::shared_ptr<const ZoneTable> table(std::vector<ZoneTable::Row> rows) {
  return std::make_shared<const ZoneTable>(std::move(rows));
}

struct Seen {
  std::string apex;
  std::uint32_t old = 0;
  std::uint32_t now = 0;
  friend bool operator==(const Seen&, const Seen&) = default;
};

class ZoneStoreTest : public testing::Test {
 protected:
  ZoneStoreTest() {
    store.add_listener([this](const ZoneChange& change) {
      seen.push_back({change.apex.to_string(), change.old ? change.old->serial() : 0,
                      change.now ? change.now->serial() : 0});
    });
  }
  std::vector<Seen> changes() {
    store.notify();
    return std::exchange(seen, {});
  }

  ZoneStore store;
  std::vector<Seen> seen;
};

TEST_F(ZoneStoreTest, ServesTheVeryZoneThatWasLoaded) {
  const ZonePtr a = zone_of("a.", 7);
  store.adopt(table({row("a.", a)}));
  EXPECT_EQ(store.served(name("A.")), a);
  EXPECT_EQ(store.zones()->zones().size(), 1U);
  EXPECT_EQ(changes(), (std::vector<Seen>{{"a.", 0, 7}}));
}

TEST_F(ZoneStoreTest, AReloadTellsOfWhatChangedOnly) {
  const ZonePtr a = zone_of("a.", 1);
  store.adopt(table({row("a.", a), row("b.", zone_of("b.", 1)), row("c.", zone_of("c.", 1))}));
  changes();
  const auto before = store.zones();
  store.adopt(table({row("a.", a), row("b.", zone_of("b.", 2)), row("d.", zone_of("d.", 5))}));
  EXPECT_NE(store.zones(), before);
  EXPECT_EQ(changes(), (std::vector<Seen>{{"c.", 1, 0}, {"b.", 1, 2}, {"d.", 0, 5}}));
  const auto after = store.zones();
  store.adopt(store.table());
  EXPECT_EQ(store.zones(), after);
  EXPECT_TRUE(changes().empty());
}

TEST_F(ZoneStoreTest, ASecondaryIsNotReadyThenServedThenExpired) {
  store.adopt(table({row("s.", nullptr)}));
  EXPECT_EQ(store.served(name("s."))->state(), ZoneState::kNotReady);
  EXPECT_EQ(store.zones()->zones().size(), 1U);
  const ZonePtr copy = zone_of("s.", 3);
  EXPECT_TRUE(store.deliver(name("s."), copy, "192.0.2.1"));
  EXPECT_EQ(store.served(name("s.")), copy);
  EXPECT_EQ(store.status(name("s."))->source, "192.0.2.1");
  store.expire(name("s."));
  EXPECT_EQ(store.served(name("s."))->state(), ZoneState::kExpired);
  EXPECT_TRUE(store.deliver(name("s."), copy, "192.0.2.1"));
  EXPECT_EQ(store.served(name("s.")), copy);
}

TEST_F(ZoneStoreTest, RefusesCopiesOfPrimariesAndStrangers) {
  store.adopt(table({row("a.", zone_of("a.", 1))}));
  EXPECT_FALSE(store.deliver(name("a."), zone_of("a.", 2), ""));
  EXPECT_FALSE(store.deliver(name("b."), zone_of("b.", 2), ""));
  EXPECT_EQ(store.served(name("a."))->serial(), 1U);
}

TEST_F(ZoneStoreTest, ADeliveredCopyGetsTheRoutesOfTheConfiguration) {
  const zone::RouteBinding route{name("*.w.s."), 4, {}, {}};
  store.adopt(table({row("s.", nullptr, {route})}));
  store.deliver(name("s."), zone_of("s.", 3), "");
  const auto route_at = [&] {
    const ZonePtr zone = store.served(name("s."));
    return zone->route(zone->find_node(name("*.w.s.").wire()));
  };
  EXPECT_EQ(route_at(), 4U);
  store.adopt(table({row("s.", nullptr, {{name("*.w.s."), 9, {}, {}}})}));
  EXPECT_EQ(route_at(), 9U);
  EXPECT_EQ(store.served(name("s."))->serial(), 3U);
}

TEST_F(ZoneStoreTest, AStageThatFailsLeavesTheOldVersionServed) {
  bool fails = false;
  store.set_stage([&](const StageInput& input) -> Result<ZonePtr, std::string> {
    if (fails) { return Unexpected(std::string("no key")); }
    zone::Derivation changes;
    changes.serial = input.serial;
    return zone::derive(*input.source, changes);
  });
  store.adopt(table({row("a.", zone_of("a.", 1)), row("b.", zone_of("b.", 1))}));
  EXPECT_EQ(store.status(name("a."))->problem, "");
  fails = true;
  store.adopt(table({row("a.", zone_of("a.", 2)), row("n.", zone_of("n.", 2))}));
  EXPECT_EQ(store.served(name("a."))->serial(), 1U);
  EXPECT_EQ(store.status(name("a."))->problem, "no key");
  // Unsigned data must not be served from a zone that is to be signed.
  EXPECT_EQ(store.served(name("n."))->state(), ZoneState::kNotReady);
  fails = false;
  store.restage(name("a."));
  EXPECT_EQ(store.served(name("a."))->serial(), 2U);
  EXPECT_EQ(store.status(name("a."))->problem, "");
}

TEST_F(ZoneStoreTest, TheSerialOfAStagedZoneOnlyGrows) {
  store.set_stage([&](const StageInput& input) -> Result<ZonePtr, std::string> {
    zone::Derivation changes;
    changes.serial = input.serial;
    return zone::derive(*input.source, changes);
  });
  store.adopt(table({row("a.", zone_of("a.", 0xffffffffU))}));
  store.restage(name("a."));
  EXPECT_EQ(store.served(name("a."))->serial(), 0U);  // RFC 1982
  store.adopt(table({row("a.", zone_of("a.", 0))}));
  EXPECT_EQ(store.served(name("a."))->serial(), 1U);
  store.adopt(table({row("a.", zone_of("a.", 50))}));
  EXPECT_EQ(store.served(name("a."))->serial(), 50U);
}

TEST_F(ZoneStoreTest, AStageMayLeaveAllAsItIs) {
  store.set_stage([&](const StageInput& input) -> Result<ZonePtr, std::string> {
    return input.source_changed ? input.source : input.previous;
  });
  store.adopt(table({row("a.", zone_of("a.", 1))}));
  changes();
  store.restage(name("a."));
  EXPECT_FALSE(store.has_changes());
}

TEST_F(ZoneStoreTest, MembersComeAndGoAndYieldToTheConfiguration) {
  const ZonePtr a = zone_of("a.", 1);
  store.adopt(table({row("a.", a), row("catalog.", nullptr)}));
  store.set_members(name("catalog."), {name("a."), name("m.")});
  EXPECT_EQ(store.served(name("a.")), a);
  EXPECT_EQ(store.status(name("m."))->kind, ZoneKind::kSecondary);
  EXPECT_TRUE(store.deliver(name("m."), zone_of("m.", 1), ""));
  store.adopt(table({row("a.", a), row("catalog.", nullptr)}));
  EXPECT_EQ(store.served(name("m."))->serial(), 1U);
  store.set_members(name("catalog."), {});
  EXPECT_EQ(store.served(name("m.")), nullptr);
}

WallTime at(int s) { return WallTime(seconds(1'000'000 + s)); }

std::size_t texts_at(const ZoneStore& store, const std::string& apex, const std::string& owner) {
  const ZonePtr zone = store.served(name(apex));
  const zone::NodeIndex node = zone->find_node(name(owner).wire());
  if (node == zone::kNoNode) { return 0; }
  const auto set = zone->rrset(node, dns::RrType::kTxt);
  return set ? set->count : 0;
}

TEST_F(ZoneStoreTest, TokensComeAndGoUnderGrowingSerials) {
  const ZonePtr a = zone_of("a.", 10);
  store.adopt(table({row("a.", a)}));
  changes();
  ASSERT_TRUE(store.set_token("www.a.", "one", at(60)));
  ASSERT_TRUE(store.set_token("_acme-challenge.WWW.a", "two", at(90)));
  ASSERT_TRUE(store.set_token("*.www.a.", "three", at(90)));
  EXPECT_FALSE(store.tokens()[0].is_published);
  store.run_tokens(at(0));
  EXPECT_EQ(texts_at(store, "a.", "_acme-challenge.www.a."), 3U);
  EXPECT_EQ(changes(), (std::vector<Seen>{{"a.", 10, 11}}));
  EXPECT_TRUE(store.tokens()[0].is_published);
  EXPECT_EQ(store.next_token_expiry(), at(60));
  store.run_tokens(at(60));
  EXPECT_EQ(texts_at(store, "a.", "_acme-challenge.www.a."), 2U);
  EXPECT_EQ(store.clear_tokens("www.a."), 2U);
  store.run_tokens(at(61));
  EXPECT_EQ(texts_at(store, "a.", "_acme-challenge.www.a."), 0U);
  EXPECT_EQ(changes(), (std::vector<Seen>{{"a.", 11, 12}, {"a.", 12, 13}}));
  // The file's serial counts again once it is ahead of what was served.
  store.adopt(table({row("a.", zone_of("a.", 11))}));
  EXPECT_EQ(store.served(name("a."))->serial(), 14U);
  const ZonePtr ahead = zone_of("a.", 20);
  store.adopt(table({row("a.", ahead)}));
  EXPECT_EQ(store.served(name("a.")), ahead);
}

TEST_F(ZoneStoreTest, TokensAndSerialsOutliveARestart) {
  store.adopt(table({row("a.", zone_of("a.", 10))}));
  ASSERT_TRUE(store.set_token("www.a.", "one", at(60)));
  store.run_tokens(at(0));
  EXPECT_TRUE(store.take_unsaved());
  Problems problems;
  const std::string text = write_zone_state(store.save());
  ZoneStore heir;
  heir.restore(parse_zone_state(text, problems));
  EXPECT_TRUE(problems.list().empty()) << problems.to_string();
  heir.adopt(table({row("a.", zone_of("a.", 10))}));
  EXPECT_EQ(texts_at(heir, "a.", "_acme-challenge.www.a."), 1U);
  EXPECT_EQ(heir.served(name("a."))->serial(), 12U);
}

TEST_F(ZoneStoreTest, TokensAreSignedWithTheZone) {
  std::size_t texts = 0;
  store.set_stage([&](const StageInput& input) -> Result<ZonePtr, std::string> {
    const auto node = input.source->find_node(name("_acme-challenge.a.").wire());
    texts = node == zone::kNoNode ? 0 : input.source->rrset_count(node);
    zone::Derivation changes;
    changes.serial = input.serial;
    return zone::derive(*input.source, changes);
  });
  store.adopt(table({row("a.", zone_of("a.", 1))}));
  ASSERT_TRUE(store.set_token("a.", "one", at(60)));
  store.run_tokens(at(0));
  EXPECT_EQ(texts, 1U);
  EXPECT_EQ(store.served(name("a."))->serial(), 2U);
}

// What secondaries have at the routed owners, by route.
std::shared_ptr<const transfer::StaticAnswers> statics(std::uint8_t octet) {
  return std::make_shared<const transfer::StaticAnswers>(
      transfer::StaticAnswers{{{dns::RrType::kA, 30, 1, {0, 4, 192, 0, 2, octet}}}});
}

TEST_F(ZoneStoreTest, OtherStaticAnswersAreAnotherVersionOfAnUnsignedZone) {
  const std::vector<zone::RouteBinding> routes = {{name("*.w.a."), 0, {}, {}}};
  const auto b = row("b.", zone_of("b.", 1));
  const auto rows = [&](std::uint32_t serial) {
    return table(
        {row("a.", zone_of("a.", serial, "", routes), routes), b});
  };
  const auto first = rows(10);
  store.set_static_answers(statics(1));
  store.adopt(first);
  EXPECT_EQ(changes(), (std::vector<Seen>{{"a.", 0, 10}, {"b.", 0, 1}}));
  store.set_static_answers(statics(1));
  store.adopt(first);
  EXPECT_TRUE(changes().empty());
  store.set_static_answers(statics(2));
  store.adopt(first);
  EXPECT_EQ(changes(), (std::vector<Seen>{{"a.", 10, 11}}));
  EXPECT_EQ(
      store.served(name("a."))->route(store.served(name("a."))->find_node(name("*.w.a.").wire())),
      0U);
  store.set_static_answers(statics(1));
  store.adopt(rows(11));  // the file's next serial is one that readers have seen
  EXPECT_EQ(changes(), (std::vector<Seen>{{"a.", 11, 12}}));
  store.adopt(rows(20));
  EXPECT_EQ(store.served(name("a."))->serial(), 20U);
}

TEST_F(ZoneStoreTest, StaticAnswersThatChangedWhileItStoodAreAnotherVersion) {
  const std::vector<zone::RouteBinding> routes = {{name("*.w.a."), 0, {}, {}}};
  const auto rows = table({row("a.", zone_of("a.", 10, "", routes), routes)});
  store.set_static_answers(statics(1));
  store.adopt(rows);
  EXPECT_TRUE(store.take_unsaved());
  Problems problems;
  for (const auto& [octet, serial] : {std::pair{1, 10U}, std::pair{2, 11U}}) {
    ZoneStore heir;
    heir.restore(parse_zone_state(write_zone_state(store.save()), problems));
    heir.set_static_answers(statics(static_cast<std::uint8_t>(octet)));
    heir.adopt(rows);
    EXPECT_EQ(heir.served(name("a."))->serial(), serial);
  }
  EXPECT_TRUE(problems.list().empty()) << problems.to_string();
}

TEST_F(ZoneStoreTest, ATokenFollowsTheAliasesItsNameHas) {
  store.adopt(table({row("a.", zone_of("a.", 1,
                                       "_acme-challenge.x CNAME x.v.b.\n"
                                       "_acme-challenge.y CNAME y.elsewhere.\n"
                                       "_acme-challenge.l CNAME _acme-challenge.l\n")),
                     row("b.", zone_of("b.", 1)), row("s.", nullptr)}));
  const auto set = store.set_token("x.a.", "one", at(60));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->owner, name("x.v.b."));
  store.run_tokens(at(0));
  EXPECT_EQ(texts_at(store, "b.", "x.v.b."), 1U);
  EXPECT_EQ(store.clear_tokens("x.a."), 1U);
  for (const char* refused : {"y.a.", "l.a.", "www.s.", "nowhere.", "a..b", ""}) {
    EXPECT_FALSE(store.set_token(refused, "one", at(60))) << refused;
  }
  EXPECT_FALSE(store.set_token("z.a.", "", at(60)));
  EXPECT_FALSE(store.set_token("z.a.", std::string(256, 'x'), at(60)));
  EXPECT_FALSE(store.set_token("z.a.", "two words", at(60)));
  EXPECT_TRUE(store.tokens().empty());
}

TEST(ZoneState, LeavesOutWhatItCannotUse) {
  for (const char* text : {"", "[]", "{\"version\":2}", "{\"version\":1,\"tokens\":3}"}) {
    Problems problems;
    EXPECT_TRUE(parse_zone_state(text, problems).tokens.empty());
    EXPECT_FALSE(problems.list().empty()) << text;
  }
  Problems problems;
  const SavedZones saved = parse_zone_state(
      R"({"version":1,"serials":[{"zone":"a.","serial":4294967296},{"zone":"b.","serial":7}],
          "tokens":[1,{"name":"x.a.","owner":"x.b.","zone":"a.","token":"t","expires_ms":5}]})",
      problems);
  EXPECT_TRUE(saved.tokens.empty());
  ASSERT_EQ(saved.serials.size(), 1U);
  EXPECT_EQ(saved.serials[0].second, 7U);
}

}  // namespace
}  // namespace gslb::control
