#include "gslb/transfer/apply.h"

#include "gslb/base/random.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

Difference difference(std::uint32_t from, std::uint32_t to, const std::string& deleted,
                      const std::string& added) {
  return {record_of(soa(from)), record_of(soa(to)), records(deleted), records(added)};
}

TEST(Apply, RecordsLeaveAndCome) {
  const auto base = zone_of(soa(1) + "example. 300 NS ns.example.\na.example. 60 A 192.0.2.1\n");
  const std::vector<Difference> steps{
      difference(1, 2, "a.example. 60 A 192.0.2.1\n", "b.c.example. 60 A 192.0.2.2\n"),
      difference(2, 4, "", "a.example. 30 TXT \"new\"\n")};
  const auto next = apply_differences(*base, steps);
  ASSERT_TRUE(next);
  EXPECT_EQ((*next)->serial(), 4U);
  EXPECT_EQ(dump(**next), dump(*zone_of(soa(4) + "example. 300 NS ns.example.\n"
                                                 "b.c.example. 60 A 192.0.2.2\n"
                                                 "a.example. 30 TXT \"new\"\n")));
}

TEST(Apply, ATtlChangesByDeletingAndAdding) {
  const auto base = zone_of(soa(1) + "a.example. 60 A 192.0.2.1\na.example. 60 A 192.0.2.2\n");
  const auto next = apply_differences(
      *base, std::vector{difference(1, 2, "a.example. 60 A 192.0.2.1\na.example. 60 A 192.0.2.2\n",
                                    "a.example. 90 A 192.0.2.1\na.example. 90 A 192.0.2.2\n")});
  ASSERT_TRUE(next);
  EXPECT_EQ(dump(**next), dump(*zone_of(soa(2) + "a.example. 90 A 192.0.2.1\n"
                                                 "a.example. 90 A 192.0.2.2\n")));
}

TEST(Apply, NamesInRdataAreFoundInAnyCase) {
  const auto base = zone_of(soa(1) + "a.example. 60 MX 1 Mail.Example.\n");
  EXPECT_TRUE(apply_differences(
      *base, std::vector{difference(1, 2, "A.example. 60 MX 1 mail.example.\n", "")}));
}

TEST(Apply, SignaturesOverOtherTypesStayWithTheirTtls) {
  const auto line = [](const char* ttl, const char* type, const char* tag) {
    return std::string("a.example. ") + ttl + " RRSIG " + type +
           " 13 2 300 20300101000000 20200101000000 " + tag + " example. AAAA\n";
  };
  const std::string data = "a.example. 60 A 192.0.2.1\na.example. 300 TXT \"x\"\n";
  const auto base = zone_of(soa(1) + data + line("60", "A", "1") + line("300", "TXT", "1"));
  const auto next = apply_differences(
      *base, std::vector{difference(1, 2, line("60", "A", "1"), line("60", "A", "2"))});
  ASSERT_TRUE(next);
  EXPECT_EQ(dump(**next),
            dump(*zone_of(soa(2) + data + line("60", "A", "2") + line("300", "TXT", "1"))));
}

TEST(Apply, WhatIsThereAlreadyIsNotAddedTwice) {
  const auto base = zone_of(soa(1) + "a.example. 60 A 192.0.2.1\n");
  const auto next =
      apply_differences(*base, std::vector{difference(1, 2, "", "a.example. 90 A 192.0.2.1\n")});
  ASSERT_TRUE(next);
  EXPECT_EQ(dump(**next), dump(*zone_of(soa(2) + "a.example. 90 A 192.0.2.1\n")));
}

TEST(Apply, WhatDoesNotFitIsRefused) {
  const auto base = zone_of(soa(1) + "a.example. 60 A 192.0.2.1\n");
  const auto error = [&](const Difference& step) {
    const auto done = apply_differences(*base, std::vector{step});
    EXPECT_FALSE(done);
    return done ? ApplyError::kSerial : done.error();
  };
  EXPECT_EQ(error(difference(2, 3, "", "")), ApplyError::kSerial);
  EXPECT_EQ(error(difference(1, 2, "a.example. 60 A 192.0.2.9\n", "")), ApplyError::kMissing);
  EXPECT_EQ(error(difference(1, 2, "z.example. 60 A 192.0.2.1\n", "")), ApplyError::kMissing);
}

// Any walk of random additions and deletions, applied in one go, gives the zone it leads to.
TEST(Apply, RandomWalksArriveWhereTheyLead) {
  Random random(20261122);
  for (int walk = 0; walk < 50; ++walk) {
    std::vector<std::string> present;
    std::vector<Difference> steps;
    const auto base = zone_of(soa(1));
    std::uint32_t serial = 1;
    for (int step = 0; step < 10; ++step) {
      std::string deleted;
      std::string added;
      for (int change = 0; change < 5; ++change) {
        if (!present.empty() && random.below(2) == 0) {
          const std::size_t which = random.below(present.size());
          if (added.find(present[which]) == std::string::npos) {
            deleted += present[which];
          } else {
            continue;
          }
          present.erase(present.begin() + static_cast<std::ptrdiff_t>(which));
        } else {
          const std::string line = "n" + std::to_string(random.below(20)) +
                                   ".example. 60 A 10.0.0." + std::to_string(random.below(200)) +
                                   "\n";
          if (std::find(present.begin(), present.end(), line) != present.end() ||
              deleted.find(line) != std::string::npos) {
            continue;
          }
          present.push_back(line);
          added += line;
        }
      }
      steps.push_back(difference(serial, serial + 1, deleted, added));
      ++serial;
    }
    std::string wanted = soa(serial);
    for (const std::string& line : present) { wanted += line; }
    const auto reached = apply_differences(*base, steps);
    ASSERT_TRUE(reached) << walk;
    EXPECT_EQ(dump(**reached), dump(*zone_of(wanted))) << walk;
  }
}

}  // namespace
}  // namespace gslb::transfer
