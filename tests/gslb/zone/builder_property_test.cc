// Random zones: the hashed lookup against a model that scans all names for each rule of RFC 4592.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "gslb/base/random.h"
#include "gslb/zone/zone.h"

#include "lookup.h"

namespace gslb::zone {
namespace {

using dns::Name;
using dns::RrType;

struct Model {
  Name apex = name_of("example");
  std::map<Name, std::set<RrType>> owners;

  bool exists(const Name& name) const {  // as an owner or an empty non-terminal
    for (const auto& [owner, types] : owners) {
      if (owner.is_at_or_below(name)) { return true; }
    }
    return false;
  }
  bool has(const Name& name, RrType type) const {
    const auto at = owners.find(name);
    return at != owners.end() && at->second.contains(type);
  }

  std::string look_up(const Name& qname, RrType qtype) const {
    std::vector<Name> path;  // from qname up to the apex
    for (Name name = qname; !(name == apex); name = name.parent()) { path.push_back(name); }
    path.push_back(apex);
    std::size_t below = path.size() - 1;
    for (auto at = path.rbegin(); at != path.rend(); ++at, --below) {
      const bool is_qname = below == 0;
      const std::string tail = at->to_string() + ' ' + std::to_string(below);
      const bool parent_side = is_qname && qtype == RrType::kDs;
      if (!(*at == apex) && has(*at, RrType::kNs) && !parent_side) { return "delegation " + tail; }
      if (is_qname) { return "exact " + at->to_string(); }
      if (has(*at, RrType::kDname)) { return "dname " + tail; }
      if (exists(*(at + 1))) { continue; }
      const Name wildcard = at->prepend("*").value();
      if (exists(wildcard)) { return "wildcard " + wildcard.to_string() + " of " + tail; }
      return "nxdomain in " + tail;
    }
    return "?";
  }
};

Name random_name(Random& random, const Name& apex) {
  Name name = apex;
  for (std::uint64_t labels = random.below(5); labels > 0; --labels) {
    constexpr std::array<std::string_view, 5> kLabels = {"*", "a", "b", "c", "long-label"};
    name = name.prepend(kLabels[random.below(kLabels.size())]).value();
  }
  return name;
}

void expect_agreement(std::uint64_t seed) {
  Random random(seed);
  Model model;
  ZoneBuilder builder(model.apex);
  const auto add = [&](const Name& owner, RrType type, std::initializer_list<std::uint8_t> rdata) {
    model.owners[owner].insert(type);
    builder.add(owner, type, 60, std::vector<std::uint8_t>(rdata));
  };
  add(model.apex, RrType::kSoa, {0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1});
  add(model.apex, RrType::kNs, {0});
  for (std::uint64_t records = random.below(25); records > 0; --records) {
    const Name owner = random_name(random, model.apex);
    const std::uint64_t kind = random.below(12);
    if (kind == 0) {
      add(owner, RrType::kNs, {0});
    } else if (kind == 1) {
      add(owner, RrType::kDname, {0});
    } else {
      add(owner, RrType::kA, {192, 0, 2, static_cast<std::uint8_t>(random.below(3))});
    }
  }
  const auto zone = builder.build();
  for (int i = 0; i < 200; ++i) {
    const Name qname = random_name(random, model.apex);
    const RrType qtype = random.below(4) == 0 ? RrType::kDs : RrType::kA;
    EXPECT_EQ(look_up(*zone, qname.to_string(), qtype), model.look_up(qname, qtype))
        << "seed " << seed << ' ' << qname.to_string() << ' ' << dns::to_string(qtype);
  }
}

TEST(ZoneProperty, LookupAgreesWithAModelThatScans) {
  for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    expect_agreement(seed);
  }
}

TEST(ZoneProperty, EveryNodeIsFoundByItsOwner) {
  Random random(7);
  ZoneBuilder builder(name_of("example"));
  const std::vector<std::uint8_t> soa(22, 0);
  builder.add(name_of("example"), RrType::kSoa, 60, soa);
  std::set<Name> owners;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const Name owner = name_of("h" + std::to_string(random.below(100000)) + ".example");
    owners.insert(owner);
    std::array<std::uint8_t, 4> rdata{};
    store_u32(rdata.data(), i);
    builder.add(owner, RrType::kA, 60, rdata);
  }
  const auto zone = builder.build();
  EXPECT_EQ(zone->node_count(), owners.size() + 1);
  EXPECT_EQ(zone->record_count(), 5001U);
  for (NodeIndex node = 0; node < zone->node_count(); ++node) {
    ASSERT_EQ(zone->find_node(zone->owner(node)), node);
  }
}

TEST(ZoneBuilder, RoutesMakeNodesAndWildcards) {
  ZoneBuilder builder(name_of("example"));
  const std::vector<std::uint8_t> soa(22, 0);
  builder.add(name_of("example"), RrType::kSoa, 60, soa);
  builder.bind_route(name_of("*.cdn.example"), 3);
  builder.bind_route(name_of("example"), 4);
  const auto zone = builder.build();
  EXPECT_EQ(zone->route(Zone::kApexNode), 4U);
  EXPECT_EQ(look_up(*zone, "x.y.cdn.example"), "wildcard *.cdn.example. of cdn.example. 2");
  dns::QuestionName cdn;
  cdn.assign(name_of("cdn.example").wire());
  const NodeIndex node = zone->find_node(cdn.wire());
  ASSERT_NE(node, kNoNode);
  EXPECT_EQ(zone->route(node), kNoRoute);
  EXPECT_EQ(zone->route(zone->wildcard_child(node)), 3U);
  EXPECT_EQ(zone->wildcard_child(Zone::kApexNode), kNoNode);
}

}  // namespace
}  // namespace gslb::zone
