#include "edge/rules/admission.h"

#include <gtest/gtest.h>

namespace edge::rules {
namespace {

using namespace std::chrono_literals;

struct Load {
  int served_hits = 0;
  int served_misses = 0;
  int refused = 0;
};

// `per_s` requests a second for ten seconds, every second of them a miss.
Load drive(Admission& admission, int per_s, gslb::MonoTime& now) {
  Load load;
  for (int i = 0; i < 10 * per_s; ++i) {
    now += std::chrono::nanoseconds(1'000'000'000 / per_s);
    const bool misses = i % 2 == 1;
    if (admission.refuses_request(now) || (misses && admission.refuses_fetch(now))) {
      ++load.refused;
    } else {
      ++(misses ? load.served_misses : load.served_hits);
    }
  }
  return load;
}

TEST(Admission, WithoutBoundsNothingIsRefused) {
  Admission admission;
  gslb::MonoTime now{1h};
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(admission.refuses_request(now));
    EXPECT_FALSE(admission.refuses_fetch(now));
  }
}

TEST(Admission, BelowTheBoundNothingIsRefused) {
  Admission admission;
  admission.renew({1000, 0, 0});
  gslb::MonoTime now{1h};
  EXPECT_EQ(drive(admission, 900, now).refused, 0);
}

TEST(Admission, AtSeveralTimesTheBoundWhatIsServedStaysAtIt) {
  for (const int times : {2, 5, 20}) {
    Admission admission;
    admission.renew({1000, 0, 0});
    gslb::MonoTime now{1h};
    const Load load = drive(admission, 1000 * times, now);
    const int served = load.served_hits + load.served_misses;
    EXPECT_GE(served, 9'900) << times;
    EXPECT_LE(served, 10'400) << times;
    EXPECT_EQ(admission.refused(Resource::kRequests), static_cast<std::uint64_t>(load.refused));
  }
}

TEST(Admission, HitsGoBeforeMisses) {
  Admission admission;
  admission.renew({1000, 0, 0});
  gslb::MonoTime now{1h};
  // 750 hits and 750 misses a second: all hits fit, and a third of the misses.
  const Load load = drive(admission, 1500, now);
  EXPECT_EQ(load.served_hits, 7'500);
  EXPECT_NEAR(load.served_misses, 2'500, 200);
}

TEST(Admission, FetchesAreBoundedByTheirNumber) {
  Admission admission;
  admission.renew({0, 0, 2});
  const gslb::MonoTime now{1h};
  const Admission::Fetching first(admission);
  EXPECT_FALSE(admission.refuses_fetch(now));
  {
    const Admission::Fetching second(admission);
    EXPECT_EQ(admission.refuses_fetch(now), Resource::kFetches);
    EXPECT_FALSE(admission.refuses_request(now)) << "hits go on";
  }
  EXPECT_FALSE(admission.refuses_fetch(now));
  EXPECT_EQ(admission.fetches(), 1);
}

TEST(Admission, EgressOverTheBoundRefusesUntilTheDebtIsPaid) {
  Admission admission;
  std::uint64_t sent = 0;
  admission.watch([&] { return sent; });
  admission.renew({0, 8'000'000, 0});  // a megabyte a second
  gslb::MonoTime now{1h};
  EXPECT_FALSE(admission.refuses_request(now));
  sent += 1'600'000;
  now += 20ms;
  EXPECT_EQ(admission.refuses_request(now), Resource::kEgress);
  now += 700ms;
  EXPECT_FALSE(admission.refuses_request(now)) << "hits first";
  EXPECT_EQ(admission.refuses_fetch(now), Resource::kEgress);
  now += 500ms;
  EXPECT_FALSE(admission.refuses_fetch(now));
  sent += 1'000'000'000;
  now += 20ms;
  EXPECT_TRUE(admission.refuses_request(now));
  now += 1100ms;
  EXPECT_FALSE(admission.refuses_request(now)) << "nobody pays for ever";
}

TEST(Admission, BoundsMayChangeAtAnyTime) {
  Admission admission;
  admission.renew({10, 0, 0});
  gslb::MonoTime now{1h};
  while (!admission.refuses_request(now)) {}
  admission.renew({});
  EXPECT_FALSE(admission.refuses_request(now));
}

}  // namespace
}  // namespace edge::rules
