#include "gslb/transfer/catalog.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

std::string base() { return soa(1) + "example. 0 NS invalid.\nversion.example. 0 TXT \"2\"\n"; }

Result<std::vector<CatalogMember>, CatalogError> read(const std::string& text) {
  return read_catalog(*zone_of(text));
}

CatalogMember member(std::string_view zone, std::string id, std::vector<std::string> groups = {},
                     std::optional<dns::Name> next = {}) {
  return {name_of(zone), std::move(id), std::move(groups), std::move(next)};
}

TEST(Catalog, MembersWithTheirProperties) {
  const auto members = read(base() +
                            "n1.zones.example. 0 PTR B.test.\n"
                            "group.n1.zones.example. 0 TXT \"x\"\n"
                            "group.n1.zones.example. 0 TXT \"a b\"\n"
                            "coo.n1.zones.example. 0 PTR other.\n"
                            "what.n1.zones.example. 0 TXT \"unknown properties are ignored\"\n"
                            "n2.zones.example. 0 PTR a.test.\n"
                            "zone.ext.example. 0 TXT \"ours\"\n");
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 2U);
  EXPECT_EQ((*members)[0].zone, name_of("a.test."));
  EXPECT_EQ((*members)[0].unique_id, "n2");
  EXPECT_EQ((*members)[1].zone, name_of("b.test."));
  EXPECT_EQ((*members)[1].groups, (std::vector<std::string>{"a b", "x"}));
  EXPECT_EQ((*members)[1].next_catalog, name_of("other."));
}

TEST(Catalog, AnEmptyOneIsGood) {
  const auto members = read(base());
  ASSERT_TRUE(members);
  EXPECT_TRUE(members->empty());
}

TEST(Catalog, AnyFaultVoidsAllOfIt) {
  const std::string good = "n1.zones.example. 0 PTR a.test.\n";
  const auto error = [](const std::string& text) {
    const auto members = read(text);
    EXPECT_FALSE(members);
    return members ? CatalogError::kVersion : members.error();
  };
  EXPECT_EQ(error(soa(1) + good), CatalogError::kVersion);
  EXPECT_EQ(error(soa(1) + "version.example. 0 TXT \"1\"\n" + good), CatalogError::kVersion);
  EXPECT_EQ(error(base() + "version.example. 0 TXT \"3\"\n" + good), CatalogError::kVersion);
  EXPECT_EQ(error(base() + good + "n1.zones.example. 0 PTR b.test.\n"), CatalogError::kMember);
  EXPECT_EQ(error(base() + good + "group.n2.zones.example. 0 TXT \"x\"\n"), CatalogError::kMember);
  EXPECT_EQ(error(base() + good + "n2.zones.example. 0 PTR A.TEST.\n"), CatalogError::kDuplicate);
  EXPECT_EQ(error(base() + good + "coo.n1.zones.example. 0 TXT \"x\"\n"), CatalogError::kOwnership);
}

TEST(Membership, ZonesComeGoAndAreReset) {
  CatalogMembership all;
  const dns::Name c1 = name_of("c1.");
  auto changes = all.update(c1, {member("a.", "1"), member("b.", "2"), member("c.", "3")});
  EXPECT_EQ(changes.added.size(), 3U);
  changes = all.update(c1, {member("a.", "1"), member("b.", "9"), member("c.", "3", {"g"})});
  EXPECT_TRUE(changes.added.empty() && changes.removed.empty());
  EXPECT_EQ(changes.reset, std::vector{name_of("b.")});
  EXPECT_EQ(changes.changed, std::vector{name_of("c.")});
  changes = all.update(c1, {});
  EXPECT_EQ(changes.removed.size(), 3U);
  EXPECT_TRUE(all.members().empty());
}

TEST(Membership, OwnershipChangesOnlyWhenTheOwnerSaysSo) {
  CatalogMembership all;
  const dns::Name c1 = name_of("c1.");
  const dns::Name c2 = name_of("c2.");
  all.update(c1, {member("a.", "1"), member("b.", "2", {}, c2), member("c.", "3", {}, c2)});
  const auto changes = all.update(c2, {member("a.", "1"), member("b.", "2"), member("c.", "7")});
  EXPECT_EQ(changes.refused, std::vector{name_of("a.")});
  EXPECT_EQ(changes.changed, std::vector{name_of("b.")});  // same id: its data stay
  EXPECT_EQ(changes.reset, std::vector{name_of("c.")});
  EXPECT_EQ(all.members_of(c1), std::vector{name_of("a.")});
  EXPECT_EQ(all.members_of(c2), (std::vector{name_of("b."), name_of("c.")}));
  // The old owner drops them from its list: that removes nothing.
  EXPECT_TRUE(all.update(c1, {member("a.", "1")}).removed.empty());
  EXPECT_EQ(all.members().size(), 3U);
}

}  // namespace
}  // namespace gslb::transfer
