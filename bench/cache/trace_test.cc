#include "bench/cache/trace.h"

#include <array>
#include <cstring>

#include <gtest/gtest.h>
#include <zstd.h>

#include "bench/cache/policy.h"
#include "bench/cache/synthetic.h"
#include "tests/support/folder.h"

namespace bench::cache {
namespace {

constexpr std::size_t kAll = static_cast<std::size_t>(-1);

std::string record(std::uint32_t time, std::uint64_t object, std::uint32_t size,
                   std::int64_t next) {
  std::string octets(24, '\0');
  std::memcpy(octets.data(), &time, 4);
  std::memcpy(octets.data() + 4, &object, 8);
  std::memcpy(octets.data() + 12, &size, 4);
  std::memcpy(octets.data() + 16, &next, 8);
  return octets;
}

std::string three() {
  return record(1, 77, 100, 2) + record(1, 5, 30, -1) + record(2, 77, 100, -1);
}

void expect_three(const gslb::Result<Trace, TraceError>& trace) {
  ASSERT_TRUE(trace) << describe(trace.error());
  EXPECT_EQ(trace->keys, 2U);
  EXPECT_EQ(trace->footprint, 130U);
  EXPECT_EQ(trace->requested_octets, 230U);
  ASSERT_EQ(trace->requests.size(), 3U);
  EXPECT_EQ(trace->requests[0].key, trace->requests[2].key);
  EXPECT_EQ(trace->requests[0].next, 2U);
  EXPECT_EQ(trace->requests[1].next, kNever);
  EXPECT_EQ(trace->requests[2].next, kNever);
}

TEST(Trace, ReadsOracleGeneralPlainAndPacked) {
  const tests::Folder folder;
  expect_three(read_trace(folder.write("a.bin", three()), kAll));
  std::string packed(ZSTD_compressBound(72), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), three().data(), 72, 3));
  expect_three(read_trace(folder.write("a.oracleGeneral.zst", packed), kAll));
  const auto some = read_trace(folder.write("b.oracleGeneral.zst", packed), 2);
  ASSERT_TRUE(some);
  EXPECT_EQ(some->requests.size(), 2U);
  packed.resize(packed.size() - 3);
  EXPECT_EQ(read_trace(folder.write("c.zst", packed), kAll).error(), TraceError::kCompression);
  EXPECT_EQ(read_trace(folder / "none", kAll).error(), TraceError::kUnreadable);
}

TEST(Trace, ReadsCsvWithAndWithoutTimesAndHeadings) {
  expect_three(parse_csv("77,100\n5,30\n77,100\n", kAll));
  expect_three(parse_csv("time,object,size\r\n1,77,100\r\n\r\n1,5,30\r\n2,77,100", kAll));
  expect_three(parse_csv("# a remark\n/a?b,100\n/c,30\n/a?b,100\n", kAll));
}

TEST(Trace, RefusesWhatIsNone) {
  EXPECT_EQ(parse_oracle_general(gslb::as_octets(three().substr(0, 50)), kAll).error(),
            TraceError::kTorn);
  EXPECT_TRUE(parse_oracle_general(gslb::as_octets(three().substr(0, 50)), 2));
  EXPECT_EQ(parse_oracle_general({}, kAll).error(), TraceError::kEmpty);
  EXPECT_EQ(parse_oracle_general(gslb::as_octets(record(1, 2, 0, -1)), kAll).error(),
            TraceError::kEmpty);
  EXPECT_EQ(parse_csv("1,2\nx", kAll).error(), TraceError::kBadFields);
  EXPECT_EQ(parse_csv("1,2\n1,-2", kAll).error(), TraceError::kBadNumber);
  EXPECT_EQ(parse_csv("1,2\n1,4294967296", kAll).error(), TraceError::kBadNumber);
}

TEST(Synthetic, TheSameSeedMakesTheSameTrace) {
  for (const Kind& kind : kinds()) {
    const Trace a = make_trace(kind.name, 3000, 5);
    const Trace b = make_trace(kind.name, 3000, 5);
    EXPECT_EQ(a.footprint, b.footprint) << kind.name;
    EXPECT_EQ(a.requests.size(), 3000U) << kind.name;
    EXPECT_NE(a.footprint,
              make_trace(kind.name, 3000, 6).footprint + (kind.name == "video" ? 1 : 0))
        << kind.name;
  }
}

// What everybody has to do: hit whatever was asked for before when there is room for all, never
// hit what was not, and hit nothing of a size that doesn't fit.
TEST(Policies, HitWhatTheyMustAndNothingElse) {
  const Trace trace = make_trace("mixed", 20'000, 3);
  std::size_t possible = trace.requests.size() - trace.keys;
  for (auto& some : {queue_baselines(), ranked_baselines(), shipped(), offline_bounds()}) {
    for (const Contender& contender : some) {
      const auto roomy = contender.make(trace.keys, trace.footprint * 400);
      const auto tiny = contender.make(trace.keys, 50);
      const auto small = contender.make(trace.keys, trace.footprint / 100);
      std::vector<bool> seen(trace.keys);
      std::size_t hits = 0;
      for (std::uint32_t i = 0; i < trace.requests.size(); ++i) {
        const Request& request = trace.requests[i];
        hits += roomy->request(request, i) ? 1 : 0;
        EXPECT_FALSE(tiny->request(request, i)) << contender.name;
        const bool hit = small->request(request, i);
        EXPECT_TRUE(!hit || seen[request.key]) << contender.name;
        seen[request.key] = true;
      }
      EXPECT_EQ(hits, possible) << contender.name;
    }
  }
}

// The figures that chose the design, on a small trace of their kind: more hits than GDSF and, of
// octets, no fewer than SIEVE.
TEST(Policies, TheShippedOneKeepsBothKindsOfHits) {
  const Trace trace = make_trace("proxy", 300'000, 4);
  const auto ratios = [&](const Contender& contender) {
    const auto policy = contender.make(trace.keys, trace.footprint / 100);
    std::array<std::uint64_t, 2> hits{};
    for (std::uint32_t i = 0; i < trace.requests.size(); ++i) {
      if (!policy->request(trace.requests[i], i)) { continue; }
      hits[0] += 1;
      hits[1] += trace.requests[i].size;
    }
    return hits;
  };
  const auto ours = ratios(shipped()[0]);
  EXPECT_GT(ours[0], ratios(ranked_baselines()[2])[0]);  // GDSF
  EXPECT_GT(ours[1], ratios(queue_baselines()[2])[1]);   // SIEVE
}

}  // namespace
}  // namespace bench::cache
