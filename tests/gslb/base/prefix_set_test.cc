#include "gslb/base/prefix_set.h"

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace gslb {
namespace {

Address address(const char* text) { return *Address::parse(text); }

TEST(PrefixSet, HoldsTheEdgesOfItsPrefixesAndNothingBeyond) {
  const std::vector<Prefix> prefixes = {*Prefix::parse("192.0.2.0/25"), *Prefix::parse("10.0.0.1"),
                                        *Prefix::parse("2001:db8::/32")};
  const PrefixSet set(prefixes);
  for (const char* in : {"192.0.2.0", "192.0.2.127", "10.0.0.1", "2001:db8::",
                         "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(set.contains(address(in))) << in;
  }
  for (const char* out : {"192.0.1.255", "192.0.2.128", "10.0.0.0", "10.0.0.2", "2001:db7:ffff::",
                          "2001:db9::", "::", "0.0.0.0", "255.255.255.255", "ffff::"}) {
    EXPECT_FALSE(set.contains(address(out))) << out;
  }
  EXPECT_TRUE(PrefixSet().empty());
  EXPECT_FALSE(PrefixSet().contains(address("::1")));
}

TEST(PrefixSet, AgreesWithTheListItWasMadeOf) {
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Prefix> prefixes;
    for (std::uint64_t i = random.below(30); i > 0; --i) {
      const auto bits = static_cast<int>(random.below(33));
      prefixes.emplace_back(Address::v4(static_cast<std::uint32_t>(random.next())), bits);
    }
    const PrefixSet set(prefixes);
    for (int i = 0; i < 200; ++i) {
      const Address probe = Address::v4(static_cast<std::uint32_t>(random.next()));
      bool expected = false;
      for (const Prefix& prefix : prefixes) expected |= prefix.contains(probe);
      ASSERT_EQ(set.contains(probe), expected) << probe.to_string();
    }
  }
}

}  // namespace
}  // namespace gslb
