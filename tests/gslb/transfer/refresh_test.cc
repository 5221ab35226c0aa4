#include "gslb/transfer/refresh.h"

#include <gtest/gtest.h>

namespace gslb::transfer {
namespace {

using Kind = Refresh::Kind;
using State = Refresh::State;
using Failure = Refresh::Failure;
using std::chrono::minutes;

constexpr MonoTime kStart{std::chrono::hours(1)};
constexpr SoaNumbers kSoa{.serial = 10, .refresh_s = 1200, .retry_s = 300, .expire_s = 7200};

SoaNumbers with_serial(std::uint32_t serial) {
  SoaNumbers soa = kSoa;
  soa.serial = serial;
  return soa;
}

// A zone with a copy that was just confirmed.
Refresh current(std::vector<bool> probes = {true}) {
  Refresh refresh({}, std::move(probes), 1, kStart);
  refresh.restore(kSoa, seconds(0), kStart);
  return refresh;
}

std::string text(const std::optional<Refresh::Attempt>& attempt) {
  if (!attempt) { return "nothing"; }
  const char* kind = attempt->kind == Kind::kProbe         ? "probe "
                     : attempt->kind == Kind::kIncremental ? "ixfr "
                                                           : "axfr ";
  return kind + std::to_string(attempt->primary);
}

TEST(Refresh, AnEmptyZoneAsksForAllAtOnceAndThenBacksOff) {
  Refresh refresh({}, {true, true}, 1, kStart);
  MonoTime now = kStart;
  EXPECT_EQ(text(refresh.start(now)), "axfr 0");
  EXPECT_EQ(text(refresh.start(now)), "nothing");  // one at a time
  refresh.failed(Failure::kPrimary, now);
  EXPECT_EQ(text(refresh.start(now)), "axfr 1");
  refresh.failed(Failure::kPrimary, now);
  EXPECT_EQ(text(refresh.start(now)), "nothing");
  // 10 s, 20 s, 40 s … an hour, at most an eighth sooner.
  seconds wanted{10};
  for (int round = 0; round < 14; ++round) {
    EXPECT_LE(refresh.next_deadline(), now + wanted);
    EXPECT_GE(refresh.next_deadline(), now + wanted * 7 / 8);
    now = refresh.next_deadline();
    EXPECT_EQ(text(refresh.start(now)), "axfr 0");
    refresh.failed(Failure::kPrimary, now);
    EXPECT_EQ(text(refresh.start(now)), "axfr 1");
    refresh.failed(Failure::kPrimary, now);
    wanted = std::min(wanted * 2, seconds(3600));
  }
  EXPECT_EQ(refresh.state(), State::kEmpty);
}

TEST(Refresh, ProbesWhenRefreshIsDueAndStopsAtAnEqualSerial) {
  Refresh refresh = current();
  EXPECT_EQ(text(refresh.start(kStart + minutes(17))), "nothing");
  const MonoTime due = kStart + minutes(20);
  EXPECT_EQ(text(refresh.start(due)), "probe 0");
  refresh.found_serial(10, {}, due);
  EXPECT_EQ(text(refresh.start(due)), "nothing");
  EXPECT_EQ(refresh.expires_at(), due + seconds(7200));
  EXPECT_GT(refresh.next_deadline(), due + minutes(17));
}

TEST(Refresh, ANewerSerialLeadsToIxfrAndFailingThatToAxfr) {
  Refresh refresh = current();
  const MonoTime due = kStart + minutes(20);
  EXPECT_EQ(text(refresh.start(due)), "probe 0");
  refresh.found_serial(11, {}, due);
  EXPECT_EQ(text(refresh.start(due)), "ixfr 0");
  refresh.failed(Failure::kIncremental, due);
  EXPECT_EQ(text(refresh.start(due)), "axfr 0");
  refresh.transferred(with_serial(11), {}, due);
  EXPECT_EQ(text(refresh.start(due)), "nothing");
  EXPECT_EQ(refresh.expires_at(), due + seconds(7200));
}

TEST(Refresh, OverTlsIxfrIsTheQuestion) {
  Refresh refresh = current({false});
  const MonoTime due = kStart + minutes(20);
  EXPECT_EQ(text(refresh.start(due)), "ixfr 0");
  refresh.found_serial(10, {}, due);
  EXPECT_EQ(text(refresh.start(due)), "nothing");
}

TEST(Refresh, GoesOnWithTheNextPrimaryWhenOneFailsOrIsBehind) {
  Refresh refresh = current({true, true, true});
  const MonoTime due = kStart + minutes(20);
  EXPECT_EQ(text(refresh.start(due)), "probe 0");
  refresh.failed(Failure::kPrimary, due);
  EXPECT_EQ(text(refresh.start(due)), "probe 1");
  refresh.found_serial(9, {}, due);
  EXPECT_EQ(text(refresh.start(due)), "probe 2");
  refresh.found_serial(12, {}, due);
  EXPECT_EQ(text(refresh.start(due)), "ixfr 2");
  refresh.transferred(with_serial(12), {}, due);
  EXPECT_EQ(text(refresh.start(due)), "nothing");
}

TEST(Refresh, RetriesAfterRetryAndExpiresAfterExpire) {
  Refresh refresh = current();
  MonoTime now = kStart + minutes(20);
  while (refresh.state() == State::kCurrent) {
    ASSERT_LE(now, kStart + seconds(7200));
    if (refresh.start(now)) {
      refresh.failed(Failure::kPrimary, now);
      EXPECT_LE(refresh.next_round(), now + seconds(300));
      EXPECT_GE(refresh.next_round(), now + seconds(300) * 7 / 8);
    }
    now = refresh.next_deadline();
    EXPECT_EQ(refresh.expire(now), now >= kStart + seconds(7200));
  }
  EXPECT_EQ(now, kStart + seconds(7200));
  // Once it expired it goes on asking, and an equal serial brings the copy back.
  now = refresh.next_deadline();
  EXPECT_EQ(text(refresh.start(now)), "probe 0");
  refresh.found_serial(10, {}, now);
  EXPECT_EQ(refresh.state(), State::kCurrent);
  EXPECT_EQ(refresh.expires_at(), now + seconds(7200));
}

TEST(Refresh, APrimaryThatIsBehindDoesNotProlongTheCopy) {
  Refresh refresh = current();
  const MonoTime due = kStart + minutes(20);
  ASSERT_TRUE(refresh.start(due));
  refresh.found_serial(9, {}, due);
  EXPECT_EQ(refresh.expires_at(), kStart + seconds(7200));
}

TEST(Refresh, ARestoredCopyHasWhatIsLeftOfItsTimers) {
  Refresh refresh({}, {true}, 1, kStart);
  refresh.restore(kSoa, seconds(7000), kStart);
  EXPECT_EQ(text(refresh.start(kStart)), "probe 0");
  EXPECT_EQ(refresh.expires_at(), kStart + seconds(200));
  Refresh old({}, {true}, 1, kStart);
  old.restore(kSoa, seconds(7201), kStart);
  EXPECT_TRUE(old.expire(kStart));
}

TEST(Refresh, BoundsHoldOnWhatTheSoaSays) {
  Refresh refresh({}, {true}, 1, kStart);
  refresh.restore({.serial = 1, .refresh_s = 0, .retry_s = 0, .expire_s = 0}, seconds(0), kStart);
  EXPECT_GE(refresh.next_round(), kStart + seconds(26));  // 30 s less an eighth
  EXPECT_EQ(refresh.expires_at(), kStart + seconds(40));  // refresh and one retry
  Refresh slow({}, {true}, 1, kStart);
  slow.restore({.serial = 1, .refresh_s = 0xffff'ffff, .retry_s = 1, .expire_s = 0xffff'ffff},
               seconds(0), kStart);
  EXPECT_LE(slow.next_round(), kStart + seconds(86'400));
  EXPECT_EQ(slow.expires_at(), kStart + std::chrono::hours(24 * 7 * 24));
}

TEST(Refresh, NotifyStartsARoundWithItsSenderFirst) {
  Refresh refresh = current({true, true});
  const MonoTime now = kStart + minutes(1);
  refresh.notify(11, 1, now);
  EXPECT_EQ(text(refresh.start(now)), "probe 1");
  refresh.found_serial(10, {}, now);  // not there yet: another primary may have it
  EXPECT_EQ(text(refresh.start(now)), "probe 0");
  refresh.found_serial(11, {}, now);
  EXPECT_EQ(text(refresh.start(now)), "ixfr 0");
}

TEST(Refresh, NotifyOfAnOldSerialIsIgnored) {
  Refresh refresh = current();
  refresh.notify(10, 0, kStart + minutes(1));
  refresh.notify(9, 0, kStart + minutes(1));
  EXPECT_EQ(text(refresh.start(kStart + minutes(1))), "nothing");
}

TEST(Refresh, NotifiesDuringATransferAreOneMoreRound) {
  Refresh refresh = current();
  MonoTime now = kStart + minutes(1);
  refresh.notify(11, 0, now);
  EXPECT_EQ(text(refresh.start(now)), "probe 0");
  for (std::uint32_t serial = 12; serial < 100; ++serial) { refresh.notify(serial, 0, now); }
  refresh.found_serial(11, {}, now);
  EXPECT_EQ(text(refresh.start(now)), "ixfr 0");
  refresh.transferred(with_serial(11), {}, now);
  EXPECT_EQ(text(refresh.start(now)), "nothing");
  now += seconds(1);
  EXPECT_EQ(text(refresh.start(now)), "probe 0");
  refresh.found_serial(99, {}, now);
  EXPECT_EQ(text(refresh.start(now)), "ixfr 0");
  refresh.transferred(with_serial(99), {}, now);
  EXPECT_EQ(text(refresh.start(now + minutes(1))), "nothing");
}

TEST(Refresh, AFloodOfNotifiesIsOneRoundASecond) {
  Refresh refresh = current();
  int rounds = 0;
  for (int ms = 0; ms < 10'000; ms += 10) {
    const MonoTime now = kStart + minutes(1) + milliseconds(ms);
    refresh.notify(std::nullopt, 0, now);
    if (refresh.start(now)) {
      ++rounds;
      refresh.found_serial(10, {}, now);
    }
  }
  EXPECT_EQ(rounds, 10);
}

TEST(Refresh, TheExpireOptionShortensANewCopyAndOnlyProlongsAConfirmedOne) {
  Refresh refresh = current();
  MonoTime now = kStart + minutes(20);
  ASSERT_TRUE(refresh.start(now));
  refresh.found_serial(10, seconds(60), now);
  EXPECT_EQ(refresh.expires_at(), kStart + seconds(7200));
  refresh.transfer_whole(now);
  ASSERT_EQ(text(refresh.start(now)), "axfr 0");
  refresh.transferred(with_serial(11), seconds(60), now);
  EXPECT_EQ(refresh.expires_at(), now + seconds(60));
}

TEST(Refresh, TheOperatorMayTakeAnOlderVersion) {
  Refresh refresh = current();
  EXPECT_FALSE(refresh.takes(9));
  EXPECT_TRUE(refresh.takes(10));
  refresh.transfer_whole(kStart);
  EXPECT_TRUE(refresh.takes(9));
  EXPECT_EQ(text(refresh.start(kStart)), "axfr 0");
  refresh.transferred(with_serial(9), {}, kStart);
  EXPECT_FALSE(refresh.takes(8));
}

}  // namespace
}  // namespace gslb::transfer
