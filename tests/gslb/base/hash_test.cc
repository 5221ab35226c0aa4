#include "gslb/base/hash.h"

#include <array>
#include <bit>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace gslb {
namespace {

// Unit ids and weight splits are made of these values: a change moves clients of every deployment.
TEST(Hash, KeepsItsPinnedValues) {
  EXPECT_EQ(mix64(0), 0U);
  EXPECT_EQ(mix64(1), 0x5692161d100b05e5ULL);
  EXPECT_EQ(hash_combine(1, 2), 0xcb76cbd9308ea10fULL);
  EXPECT_EQ(hash_text(""), 0x4e6ae996bbe44404ULL);
  EXPECT_EQ(hash_text("a"), 0x71f8904e8dc4b5b6ULL);
  EXPECT_EQ(hash_text("12345678"), 0xf82bcd43fc267157ULL);
  EXPECT_EQ(hash_text("123456789"), 0xaaf4e1d26b051ee7ULL);
  EXPECT_EQ(hash_text("www.cdn.example."), 0x03c3620893fe9dd9ULL);
  EXPECT_EQ(hash_text("www.cdn.example.", 1), 0x831b076d868f06c6ULL);
}

TEST(Hash, APartOfAWordIsLoadedAsThatManyOctets) {
  const std::array<std::uint8_t, 8> octets{0x11, 0x82, 0x33, 0xf4, 0x55, 0xa6, 0x77, 0x88};
  std::uint64_t expected = 0;
  for (std::size_t count = 1; count <= octets.size(); ++count) {
    expected |= std::uint64_t{octets[count - 1]} << (8 * (count - 1));
    EXPECT_EQ(hash_internal::load_le(octets.data(), count), expected) << count;
  }
  EXPECT_EQ(hash_internal::load_le(octets.data()), expected);
}

TEST(Hash, TellsLengthsAndOrdersApart) {
  const std::string zeros(64, '\0');
  std::set<std::uint64_t> seen;
  for (std::size_t length = 0; length <= zeros.size(); ++length) {
    seen.insert(hash_text(std::string_view(zeros).substr(0, length)));
  }
  EXPECT_EQ(seen.size(), zeros.size() + 1);
  EXPECT_NE(hash_combine(1, 2), hash_combine(2, 1));
  EXPECT_NE(hash_text("abcdefghijklmnop"), hash_text("ijklmnopabcdefgh"));
}

TEST(Hash, SpreadsNumberedNamesEvenly) {
  constexpr int kNames = 64'000;
  constexpr int kBins = 64;
  std::array<int, kBins> low{};
  std::array<int, kBins> high{};
  for (int i = 0; i < kNames; ++i) {
    const std::uint64_t hash = hash_text("host" + std::to_string(i) + ".example.");
    ++low[hash % kBins];
    ++high[hash >> 58];
  }
  // Chi-squared with 63 degrees of freedom is over 120 once in 10^5 runs; this is one fixed run.
  const auto chi_squared = [](const std::array<int, kBins>& bins) {
    double sum = 0;
    for (const int count : bins) {
      const double off = count - kNames / kBins;
      sum += off * off / (static_cast<double>(kNames) / kBins);
    }
    return sum;
  };
  EXPECT_LT(chi_squared(low), 120);
  EXPECT_LT(chi_squared(high), 120);
}

TEST(Hash, FlipsHalfOfTheBitsForOneBitOfInput) {
  int flipped = 0;
  constexpr int kRounds = 512;
  for (int i = 0; i < kRounds; ++i) {
    std::array<std::uint8_t, 24> octets{};
    octets[0] = static_cast<std::uint8_t>(i);
    const std::uint64_t before = hash_octets(octets);
    octets[static_cast<std::size_t>(i) % 24] ^= static_cast<std::uint8_t>(1 << (i % 8));
    flipped += std::popcount(before ^ hash_octets(octets));
  }
  EXPECT_NEAR(static_cast<double>(flipped) / kRounds, 32, 1);
}

}  // namespace
}  // namespace gslb
