// Differences against apply_differences(): what is found leads from one version to the other.
#include "gslb/transfer/diff.h"

#include <gtest/gtest.h>

#include "gslb/base/random.h"
#include "gslb/transfer/apply.h"
#include "gslb/transfer/journal_entry.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kNoLimit = ~std::size_t{0};

ExportedZone exported(std::string_view text) { return {zone_of(text), nullptr}; }

// Of sizes: what is deleted, what is added.
std::pair<std::size_t, std::size_t> leads(const std::string& from, const std::string& to) {
  const auto old = zone_of(from);
  const auto now = zone_of(to);
  const auto difference = find_difference({old, nullptr}, {now, nullptr}, kNoLimit);
  EXPECT_TRUE(difference);
  const auto reached = apply_differences(*old, std::span(&*difference, 1));
  EXPECT_TRUE(reached) << from << to;
  if (reached) { EXPECT_EQ(dump(**reached), dump(*now)); }
  return {difference->deleted.size(), difference->added.size()};
}

TEST(Difference, IsOfRecordsAndNotOfSets) {
  const std::string base = soa(1) + "example. 60 NS ns.example.\na.example. 60 A 192.0.2.1\n";
  const std::string next = soa(2) + "example. 60 NS ns.example.\na.example. 60 A 192.0.2.1\n";
  EXPECT_EQ(leads(base, next), std::pair(0UL, 0UL));
  EXPECT_EQ(leads(base, next + "a.example. 60 A 192.0.2.2\n"), std::pair(0UL, 1UL));
  EXPECT_EQ(leads(base + "a.example. 60 A 192.0.2.2\n", next), std::pair(1UL, 0UL));
  EXPECT_EQ(leads(base + "x.y.example. 60 TXT hi\n", next), std::pair(1UL, 0UL));
  EXPECT_EQ(leads(base, next + "x.y.example. 60 TXT hi\nx.y.example. 60 MX 1 a.example.\n"),
            std::pair(0UL, 2UL));
}

TEST(Difference, ANewTtlReplacesTheWholeSet) {
  EXPECT_EQ(leads(soa(1) + "a.example. 60 A 192.0.2.1\na.example. 60 A 192.0.2.2\n",
                  soa(2) + "a.example. 61 A 192.0.2.1\na.example. 61 A 192.0.2.2\n"),
            std::pair(2UL, 2UL));
}

TEST(Difference, SignaturesAreToldApartByTheTypeTheyCover) {
  const auto rrsig = [](const char* type, const char* signature) {
    return std::string("a.example. 60 RRSIG ") + type +
           " 13 2 60 20300101000000 20200101000000 1 example. " + signature + "\n";
  };
  const std::string body = "a.example. 60 A 192.0.2.1\na.example. 60 TXT hi\n";
  EXPECT_EQ(leads(soa(1) + body + rrsig("A", "AAAA") + rrsig("TXT", "AAAA"),
                  soa(2) + body + rrsig("A", "AAAA") + rrsig("TXT", "BBBB")),
            std::pair(1UL, 1UL));
}

TEST(Difference, LeadsBetweenAnyTwoVersions) {
  Random random(7);
  const auto version = [&](std::uint32_t serial) {
    std::string text = soa(serial) + "example. 60 NS ns.example.\n";
    for (int i = 0; i < 40; ++i) {
      const std::string owner = "n" + std::to_string(random.below(12)) + ".s" +
                                std::to_string(random.below(3)) + ".example. 60 ";
      text += owner +
              (random.below(2) == 0 ? "A 192.0.2." + std::to_string(random.below(4))
                                    : "TXT t" + std::to_string(random.below(4))) +
              "\n";
    }
    return text;
  };
  for (int i = 0; i < 200; ++i) { leads(version(1), version(2)); }
}

TEST(Difference, EndsWhenItIsTooLarge) {
  const auto old = exported(soa(1));
  const auto now = exported(soa(2) + "a.example. 60 A 192.0.2.1\n");
  EXPECT_TRUE(find_difference(old, now, 30));
  EXPECT_FALSE(find_difference(old, now, 20));
  EXPECT_TRUE(find_difference(old, exported(soa(2)), 0));
}

TEST(ExportedZone, RoutedOwnersHaveTheirStaticAddressesOnly) {
  zone::ZoneBuilder builder(name_of("example."));
  for (const Record& record : records(soa(1) + "www.example. 60 A 192.0.2.9\n"
                                               "www.example. 60 TXT kept\n")) {
    builder.add(record.owner, record.type, record.ttl_s, record.rdata);
  }
  builder.bind_route(name_of("www.example."), 1);
  const auto zone = builder.build();
  const auto statics = std::make_shared<const StaticAnswers>(StaticAnswers{
      {},
      {{dns::RrType::kAaaa, 30, 1, {0, 16, 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}}});
  std::vector<dns::RrsetView> sets;
  sets_of({zone, statics}, zone->find_node(name_of("www.example.").wire()), sets);
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].type, dns::RrType::kTxt);
  EXPECT_EQ(sets[1].type, dns::RrType::kAaaa);
  EXPECT_EQ(sets[1].ttl_s, 30U);
  EXPECT_NE(digest({zone, statics}), digest({zone, nullptr}));
}

}  // namespace
}  // namespace gslb::transfer
