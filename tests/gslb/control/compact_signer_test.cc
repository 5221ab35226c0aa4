// The thread that signs compact denials: what is asked for comes back, and no more than allowed.
#include "gslb/control/compact_signer.h"

#include <poll.h>

#include <gtest/gtest.h>

namespace gslb::control {
namespace {

answer::CompactDenial wanted(std::uint64_t zone_id, const std::string& name) {
  answer::CompactDenial denial;
  denial.zone_id = zone_id;
  const dns::Name parsed = dns::Name::parse(name).value();
  const Octets wire = parsed.wire();
  denial.name_octets = static_cast<std::uint16_t>(wire.size());
  std::ranges::copy(wire, denial.octets.begin());
  return denial;
}

constexpr double kSignaturesPerSecond = 600;

class CompactSignerTest : public testing::Test {
 protected:
  CompactSignerTest() {
    auto snapshot = std::make_shared<answer::Snapshot>();
    snapshot->zones =
        std::make_shared<zone::ZoneSet>(std::vector<std::shared_ptr<const zone::Zone>>());
    published_ = std::make_unique<Published<answer::Snapshot>>(std::move(snapshot));
    signer_ = std::make_unique<CompactSigner>(
        2, kSignaturesPerSecond, *published_, std::make_shared<answer::CompactDenials>(16),
        [](const answer::SignRequest&) { return std::vector<std::uint8_t>(); });
  }
  std::size_t take(CompactLane& lane, std::size_t count) {
    std::size_t taken = 0;
    while (taken < count) {
      pollfd event{lane.ready_fd(), POLLIN, 0};
      EXPECT_EQ(::poll(&event, 1, 10'000), 1);
      taken += lane.take_ready();
    }
    return taken;
  }
  std::unique_ptr<Published<answer::Snapshot>> published_;
  std::unique_ptr<CompactSigner> signer_;
};

TEST_F(CompactSignerTest, WhoWaitsIsToldEvenWhenNothingCouldBeSigned) {
  CompactLane& lane = signer_->lane(0);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(lane.may_ask(0));
    lane.ask(wanted(7, "gone.example."), i % 2 == 0);
  }
  EXPECT_EQ(take(lane, 5), 5U);
  EXPECT_EQ(signer_->lane(1).take_ready(), 0U);
}

TEST_F(CompactSignerTest, TheRateIsThatOfAllWorkersTogether) {
  CompactLane& lane = signer_->lane(0);
  std::size_t asked = 0;
  for (; lane.may_ask(0); ++asked) {
    lane.ask(wanted(7, "x.example."), true);
    take(lane, 1);  // what it has not come to yet would count against us later
  }
  EXPECT_LE(asked, static_cast<std::size_t>(CompactSigner::kBurst));
  for (std::uint32_t second = 1; second <= 3; ++second) {
    std::size_t of_second = 0;
    for (std::uint32_t ms = 0; ms < 1000; ++ms) {
      const std::uint32_t now = second * 1000 + ms;
      for (; lane.may_ask(now); ++of_second) {
        lane.ask(wanted(7, "x.example."), true);
        take(lane, 1);
      }
    }
    EXPECT_LE(of_second, kSignaturesPerSecond / 2 + CompactSigner::kBurst);
    EXPECT_GE(of_second, kSignaturesPerSecond / 2 - 1);
  }
}

TEST_F(CompactSignerTest, NoMoreWaitThanTheServerKeeps) {
  CompactLane& lane = signer_->lane(1);
  std::size_t waiting = 0;
  for (std::uint32_t now = 0; now < 1'000'000 && lane.may_ask(now); now += 1000) {
    lane.ask(wanted(7, "x.example."), true);  // nobody takes them
    ++waiting;
  }
  EXPECT_EQ(waiting, server::kMaxWaiting);
  EXPECT_EQ(take(lane, waiting), waiting);
  EXPECT_TRUE(lane.may_ask(2'000'000));
}

}  // namespace
}  // namespace gslb::control
