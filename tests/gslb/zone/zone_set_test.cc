#include "gslb/zone/zone_set.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

#include "lookup.h"

namespace gslb::zone {
namespace {

std::shared_ptr<const Zone> bare(const std::string& apex) {
  return zone_of(apex, "@ 60 SOA ns.test. h.test. 1 1 1 1 60\n@ 60 NS .\n");
}

std::string zone_for(const ZoneSet& set, const std::string& qname,
                     dns::RrType qtype = dns::RrType::kA) {
  dns::QuestionName name;
  name.assign(name_of(qname).wire());
  const Zone* zone = set.find(name, qtype);
  return zone == nullptr ? "-" : zone->apex().to_string();
}

TEST(ZoneSet, FindsTheLongestSuffix) {
  const ZoneSet set({bare("example"), bare("a.b.example"), bare("other.test"), bare("Upper.Test")});
  EXPECT_EQ(zone_for(set, "example"), "example.");
  EXPECT_EQ(zone_for(set, "b.example"), "example.");
  EXPECT_EQ(zone_for(set, "A.B.Example"), "a.b.example.");
  EXPECT_EQ(zone_for(set, "x.y.a.b.example"), "a.b.example.");
  EXPECT_EQ(zone_for(set, "xa.b.example"), "example.");
  EXPECT_EQ(zone_for(set, "www.upper.test"), "Upper.Test.");
  EXPECT_EQ(zone_for(set, "test"), "-");
  EXPECT_EQ(zone_for(set, "."), "-");
  EXPECT_EQ(zone_for(set, "notexample"), "-");
}

TEST(ZoneSet, DsIsAskedOfTheParent) {
  const ZoneSet set({bare("example"), bare("sub.example"), bare("alone.test")});
  EXPECT_EQ(zone_for(set, "sub.example", dns::RrType::kDs), "example.");
  EXPECT_EQ(zone_for(set, "x.sub.example", dns::RrType::kDs), "sub.example.");
  EXPECT_EQ(zone_for(set, "alone.test", dns::RrType::kDs), "alone.test.");
  EXPECT_EQ(zone_for(set, "example", dns::RrType::kDs), "example.");
}

TEST(ZoneSet, RootAndEmptySetsWork) {
  EXPECT_EQ(zone_for(ZoneSet({}), "example"), "-");
  const ZoneSet root({bare("."), bare("example")});
  EXPECT_EQ(zone_for(root, "."), ".");
  EXPECT_EQ(zone_for(root, "x.test"), ".");
  EXPECT_EQ(zone_for(root, "x.example"), "example.");
  EXPECT_EQ(zone_for(root, "example", dns::RrType::kDs), ".");
}

TEST(ZoneSet, AgreesWithALinearSearch) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const auto random_name = [&] {
      std::string name;
      for (std::uint64_t labels = random.below(5); labels > 0; --labels) {
        name += static_cast<char>('a' + random.below(3));
        name += '.';
      }
      return name.empty() ? "." : name;
    };
    std::vector<std::shared_ptr<const Zone>> zones;
    for (int i = 0; i < 30; ++i) {
      const dns::Name apex = name_of(random_name());
      const bool known =
          std::ranges::any_of(zones, [&](const auto& z) { return z->apex() == apex; });
      if (!known) { zones.push_back(bare(apex.to_string())); }
    }
    const ZoneSet set(zones);
    for (int i = 0; i < 300; ++i) {
      const dns::Name qname = name_of(random_name());
      const dns::RrType qtype = random.below(2) == 0 ? dns::RrType::kA : dns::RrType::kDs;
      const Zone* best = nullptr;
      for (const auto& zone : zones) {
        if (!qname.is_at_or_below(zone->apex())) { continue; }
        if (best == nullptr || zone->apex().label_count() > best->apex().label_count()) {
          best = zone.get();
        }
      }
      if (qtype == dns::RrType::kDs && best != nullptr && best->apex() == qname) {
        const Zone* parent = nullptr;
        for (const auto& zone : zones) {
          if (zone.get() == best || !qname.is_at_or_below(zone->apex())) { continue; }
          if (parent == nullptr || zone->apex().label_count() > parent->apex().label_count()) {
            parent = zone.get();
          }
        }
        if (parent != nullptr) { best = parent; }
      }
      EXPECT_EQ(zone_for(set, qname.to_string(), qtype),
                best == nullptr ? "-" : best->apex().to_string())
          << "seed " << seed << ' ' << qname.to_string();
    }
  }
}

}  // namespace
}  // namespace gslb::zone
