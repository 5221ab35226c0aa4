#include "edge/cache/flight.h"

#include <gtest/gtest.h>

#include "tests/edge/cache/objects.h"

namespace edge::cache {
namespace {

std::string text_of(const std::vector<Slice>& slices) {
  std::string text;
  for (const Slice& slice : slices) { text += slice.view(); }
  return text;
}

TEST(Body, IsReadWhileItIsWritten) {
  const auto body = std::make_shared<Body>(Body::Mode::kKeep);
  int woken = 0;
  Body::Reader reader(body, 0, [&] { ++woken; });
  std::vector<Slice> slices;
  EXPECT_EQ(reader.next(slices, 100), Body::Status::kWait);
  body->append("hello ");
  EXPECT_EQ(woken, 1);
  body->append("world");
  EXPECT_EQ(woken, 1);  // nobody waits now
  EXPECT_EQ(reader.next(slices, 8), Body::Status::kData);
  EXPECT_EQ(text_of(slices), "hello wo");
  EXPECT_EQ(reader.next(slices, 100), Body::Status::kData);
  EXPECT_EQ(text_of(slices), "rld");
  EXPECT_EQ(reader.next(slices, 100), Body::Status::kWait);
  body->finish();
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(reader.next(slices, 100), Body::Status::kEnd);
}

TEST(Body, FailureNeverLooksLikeAnEnd) {
  const auto body = std::make_shared<Body>(Body::Mode::kKeep);
  Body::Reader reader(body, 0, [] {});
  body->append("part");
  body->fail();
  std::vector<Slice> slices;
  EXPECT_EQ(reader.next(slices, 100), Body::Status::kData);
  EXPECT_EQ(reader.next(slices, 100), Body::Status::kFailed);
  EXPECT_FALSE(body->complete());
}

TEST(Body, StartsAnywhereAndSurvivesCompaction) {
  const auto body = std::make_shared<Body>(Body::Mode::kKeep);
  std::string whole;
  Body::Reader early(body, 0, [] {});
  std::vector<Slice> slices;
  for (int i = 0; i < 1000; ++i) {
    whole += std::to_string(i);
    body->append(std::to_string(i));
  }
  ASSERT_EQ(early.next(slices, 100), Body::Status::kData);
  const std::size_t before = body->memory_octets();
  body->finish();
  EXPECT_LT(body->memory_octets(), before / 4);
  EXPECT_EQ(text_of(slices), whole.substr(0, 100));
  ASSERT_EQ(early.next(slices, whole.size()), Body::Status::kData);
  EXPECT_EQ(text_of(slices), whole.substr(100));
  Body::Reader late(body, 1234, [] {});
  ASSERT_EQ(late.next(slices, 10), Body::Status::kData);
  EXPECT_EQ(text_of(slices), whole.substr(1234, 10));
}

TEST(Body, WindowWaitsForTheSlowestAndDropsWhatAllHaveRead) {
  const auto body = std::make_shared<Body>(Body::Mode::kWindow);
  std::vector<Slice> slices;
  int writer_woken = 0;
  const std::string block(Body::kWindowOctets, 'x');
  Body::Reader fast(body, 0, [] {});
  auto slow = std::make_unique<Body::Reader>(body, 0, [] {});
  body->append(block);
  EXPECT_EQ(fast.next(slices, block.size()), Body::Status::kData);
  EXPECT_FALSE(body->may_append([&] { ++writer_woken; }));
  EXPECT_EQ(slow->next(slices, block.size()), Body::Status::kData);
  EXPECT_EQ(writer_woken, 1);
  EXPECT_TRUE(body->may_append([] {}));
  EXPECT_LT(body->memory_octets(), 1000U);
  Body::Reader late(body, 0, [] {});
  EXPECT_EQ(late.next(slices, 1), Body::Status::kFailed);  // its octets are gone
  slow.reset();
  EXPECT_FALSE(body->abandoned());
}

TEST(Flight, FollowersShareOnlyWhatIsShareable) {
  FlightTable table;
  const auto leader = table.join("k", {});
  EXPECT_TRUE(leader.leader);
  const auto follower = table.join("k", {});
  EXPECT_FALSE(follower.leader);
  EXPECT_EQ(follower.flight, leader.flight);
  int woken = 0;
  EXPECT_TRUE(follower.flight->poll([&] { ++woken; }).pending);
  leader.flight->resolve(object_of(1), Flight::Use::kLeaderOnly, 200, {});
  EXPECT_EQ(woken, 1);
  EXPECT_FALSE(follower.flight->peek().shareable);
  // Who comes now must not wait for, nor see, the private response.
  EXPECT_TRUE(table.join("k", {}).leader);
}

TEST(Flight, OtherVariantsStartTheirOwn) {
  FlightTable table;
  const auto english = table.join("k", language("en"));
  english.flight->resolve(object_of(1, language("en"), "Accept-Language"), Flight::Use::kShared,
                          200, {});
  EXPECT_FALSE(table.join("k", language("en")).leader);
  const auto german = table.join("k", language("de"));
  EXPECT_TRUE(german.leader);
  EXPECT_EQ(table.join("k", language("fr")).flight, german.flight);  // pending: may yet match
}

TEST(Flight, RangesHaveLanesOfTheirOwn) {
  FlightTable table;
  const auto whole = table.join("k", {});
  const auto range = table.join("k", {}, "bytes=0-9");
  EXPECT_TRUE(range.leader);
  EXPECT_FALSE(table.join("k", {}, "bytes=0-9").leader);
  EXPECT_TRUE(table.join("k", {}, "bytes=0-8").leader);
  EXPECT_EQ(table.join("k", {}).flight, whole.flight);
  table.remove("k", range.flight);
  EXPECT_TRUE(table.join("k", {}, "bytes=0-9").leader);
  // Once it is known to be the whole, it is for all.
  whole.flight->resolve(object_of(1), Flight::Use::kShared, 200, {});
  EXPECT_EQ(table.join("k", {}, "bytes=5-6").flight, whole.flight);
}

TEST(Flight, InvalidationForbidsStoringWhatIsUnderWay) {
  FlightTable table;
  const auto before = table.join("k", {});
  const auto range = table.join("k", {}, "bytes=0-9");
  table.invalidate("k");
  EXPECT_FALSE(before.flight->may_store());
  EXPECT_FALSE(range.flight->may_store());
  EXPECT_TRUE(table.join("k", {}).leader);
}

TEST(Flight, UncacheableMarksExpire) {
  FlightTable table;
  const gslb::MonoTime now{std::chrono::hours(1)};
  table.mark_uncacheable("k", now + gslb::seconds(10));
  EXPECT_TRUE(table.is_marked_uncacheable("k", now));
  EXPECT_FALSE(table.is_marked_uncacheable("other", now));
  EXPECT_FALSE(table.is_marked_uncacheable("k", now + gslb::seconds(10)));
}

// Whoever waits does so below what it waits for, so nobody waits in a circle.
TEST(FlightTable, IsJoinedOnlyByWhatStandsNoHigher) {
  FlightTable table;
  const http::Fields request;
  const auto low = table.join("k", request, {}, {0, 1});
  EXPECT_TRUE(low.leader);
  EXPECT_FALSE(low.flight->followed());
  EXPECT_EQ(table.join("k", request, {}, {1, 1}).flight, low.flight);
  EXPECT_TRUE(low.flight->followed());
  EXPECT_FALSE(table.has("k", request, {}, 2));
  const auto high = table.join("k", request, {}, {2, 6});
  EXPECT_TRUE(high.leader);
  EXPECT_TRUE(table.has("k", request, {}, 6));
  EXPECT_FALSE(table.has("k", request, {}, 7));
  EXPECT_FALSE(table.has("k", request, "bytes=0-1", 0));
  EXPECT_FALSE(table.has("other", request, {}, 0));
  // Once it waits for nobody but the origin, everybody may follow.
  low.flight->rise_to(Flight::kHighest);
  EXPECT_EQ(table.join("k", request, {}, {7, 9}).flight, low.flight);
}

TEST(FlightTable, WhatAnotherNodeKeepsIsSharedAndNotStored) {
  Flight flight;
  flight.resolve(object_of(1), Flight::Use::kPassing, 200, {});
  EXPECT_TRUE(flight.peek().shareable);
  EXPECT_FALSE(flight.peek().stored);
}

}  // namespace
}  // namespace edge::cache
