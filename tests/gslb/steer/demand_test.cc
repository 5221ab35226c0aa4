// Counters of routed queries, and the ledger that makes rates of them.
#include "gslb/steer/demand.h"

#include <cmath>

#include <gtest/gtest.h>

namespace {

using namespace gslb::steer;
using gslb::FakeClock;
using gslb::milliseconds;
using gslb::seconds;
using gslb::geo::Unit;

class Ledger : public testing::Test {
 protected:
  // `rate` queries a second for `steps` epochs of `epoch`.
  void run(std::uint32_t rate, int steps, milliseconds epoch = seconds(1)) {
    for (int i = 0; i < steps; ++i) {
      counters_->count(0, 0, 0, static_cast<std::uint32_t>(rate * epoch.count() / 1000));
      tick(epoch);
    }
  }
  void tick(milliseconds by = seconds(1)) {
    clock_.advance(by);
    ledger_.update(clock_.mono());
  }
  double rate() const { return ledger_.queries_per_s(0, 0); }

  FakeClock clock_;
  std::shared_ptr<DemandCounters> counters_ = std::make_shared<DemandCounters>(3, 2, 2);
  DemandLedger ledger_{counters_, clock_.mono()};
};

TEST_F(Ledger, RisesWith15Seconds) {
  run(1000, 15);
  EXPECT_NEAR(rate(), 1000 * (1 - std::exp(-1)), 0.1);
  run(1000, 135);
  EXPECT_NEAR(rate(), 1000, 0.1);
}

TEST_F(Ledger, FallsWith60Seconds) {
  ledger_.set_queries_per_s(0, 0, 1000);
  run(0, 60);
  EXPECT_NEAR(rate(), 1000 * std::exp(-1), 0.1);
  run(0, 1800);
  EXPECT_EQ(rate(), 0) << "forgotten in the end, and no denormals";
}

TEST_F(Ledger, FallsTowardsWhatIsStillAsked) {
  ledger_.set_queries_per_s(0, 0, 1000);
  run(400, 60);
  EXPECT_NEAR(rate(), 400 + 600 * std::exp(-1), 0.1);
}

TEST_F(Ledger, DoesNotDependOnTheEpochsLength) {
  run(1000, 1, seconds(15));
  const double at_once = rate();
  ledger_.set_queries_per_s(0, 0, 0);
  run(1000, 60, milliseconds(250));
  EXPECT_NEAR(rate(), at_once, 0.1);
}

TEST_F(Ledger, NoTimeIsNoEpoch) {
  counters_->count(0, 0, 0);
  tick(milliseconds(0));
  EXPECT_EQ(rate(), 0);
  tick();
  EXPECT_GT(rate(), 0) << "counted when time has passed, not lost";
}

TEST_F(Ledger, AddsUpTheWorkersAndKeepsCellsApart) {
  counters_->count(0, 0, 0, 5);
  counters_->count(1, 0, 0, 6);
  counters_->count(2, 0, 0, 7);
  counters_->count(2, 0, 1, 100);
  counters_->count(1, 1, 0, 1000);
  EXPECT_EQ(counters_->total(0, 0), 18U);
  EXPECT_EQ(counters_->total(0, 1), 100U);
  EXPECT_EQ(counters_->total(1, 0), 1000U);
  EXPECT_EQ(counters_->total(1, 1), 0U);
  tick(seconds(2));
  EXPECT_EQ(ledger_.demand(std::vector<Unit>(2)).recent, (std::vector<float>{9, 50, 500, 0}))
      << "service * units + unit";
}

TEST_F(Ledger, RecentIsTheLastEpochUnsmoothed) {
  run(1000, 10);
  run(70, 1);
  EXPECT_EQ(ledger_.demand(std::vector<Unit>(2)).recent[0], 70);
  run(0, 1);
  EXPECT_EQ(ledger_.demand(std::vector<Unit>(2)).recent[0], 0);
  EXPECT_GT(rate(), 70);
}

TEST_F(Ledger, SeesThroughACounterThatWraps) {
  counters_->count(0, 0, 0, 0xffff'fff0U);
  tick();
  counters_->count(0, 0, 0, 0x18);
  counters_->count(1, 0, 0, 0x18);
  EXPECT_EQ(counters_->total(0, 0), 0x20U) << "wrapped";
  tick();
  EXPECT_EQ(ledger_.demand(std::vector<Unit>(2)).recent[0], 0x30);
}

TEST_F(Ledger, PriorIsSharedByWeightAndAmongServices) {
  std::vector<Unit> units(2);
  units[0].address_weight = 3;
  units[1].address_weight = 1;
  EXPECT_EQ(ledger_.demand(units).expected, (std::vector<double>{0.375, 0.125, 0.375, 0.125}))
      << "one query a second in all";
  ledger_.set_queries_per_s(1, 1, 8);
  EXPECT_EQ(ledger_.demand(units).expected[3], 8.125) << "beside what was seen";
}

TEST_F(Ledger, PriorIsEvenWhenNoUnitHasAWeight) {
  const auto expected = ledger_.demand(std::vector<Unit>(2)).expected;
  EXPECT_EQ(expected, std::vector<double>(4, 0.25));
}

}  // namespace
