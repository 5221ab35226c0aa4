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

}  // namespace
}  // namespace gslb::control
