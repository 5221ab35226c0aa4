#include "edge/cache/parts.h"

#include <gtest/gtest.h>

namespace edge::cache {
namespace {

const gslb::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};

Object part_of(std::uint64_t first, std::string octets, std::uint64_t total, const char* tag) {
  Object object;
  object.head.status = 200;
  object.head.fields.add("ETag", tag);
  object.part = Part{first, total};
  object.body = std::make_shared<Body>(Body::Mode::kKeep);
  object.body->append(std::move(octets));
  object.body->finish();
  return object;
}

http::ResponseHead head_of(const char* tag) {
  http::ResponseHead head;
  head.status = 206;
  head.fields.add("ETag", tag);
  head.fields.add("Content-Range", "bytes 0-0/10");
  return head;
}

TEST(Parts, HoldWhatLiesWithinThem) {
  const Object part = part_of(4, "4567", 10, "\"1\"");
  EXPECT_TRUE(holds(part, {{4, 7}, {5, 5}}));
  EXPECT_FALSE(holds(part, {{3, 7}}));
  EXPECT_FALSE(holds(part, {{4, 8}}));
}

TEST(Parts, LackOnlyAtOneEndOrNotUsefully) {
  const http::ByteRange stored{10, 19};
  EXPECT_EQ(missing_of(stored, {15, 29}), (http::ByteRange{20, 29}));
  EXPECT_EQ(missing_of(stored, {20, 29}), (http::ByteRange{20, 29}));
  EXPECT_EQ(missing_of(stored, {0, 12}), (http::ByteRange{0, 9}));
  EXPECT_EQ(missing_of(stored, {0, 9}), (http::ByteRange{0, 9}));
  EXPECT_FALSE(missing_of(stored, {0, 29}));
  EXPECT_FALSE(missing_of(stored, {21, 29}));
  EXPECT_FALSE(missing_of(stored, {0, 8}));
  EXPECT_FALSE(missing_of(stored, {12, 15}));
}

TEST(Parts, JoinWhereTheyTouchOrOverlap) {
  const Object part = part_of(4, "4567", 10, "\"1\"");
  const auto joined = [&](std::uint64_t first, std::uint64_t last, const char* tag) {
    const auto result = join(part, head_of(tag), {{first, last}, 10}, kNow);
    return result ? result->before + '|' + result->behind : "none";
  };
  EXPECT_EQ(joined(8, 9, "\"1\""), "4567|");
  EXPECT_EQ(joined(6, 9, "\"1\""), "45|");
  EXPECT_EQ(joined(0, 3, "\"1\""), "|4567");
  EXPECT_EQ(joined(5, 6, "\"1\""), "4|7");
  EXPECT_EQ(joined(0, 9, "\"1\""), "|");
  EXPECT_EQ(joined(9, 9, "\"1\""), "none");
  EXPECT_EQ(joined(8, 9, "\"2\""), "none");
  EXPECT_EQ(joined(8, 9, "W/\"1\""), "none");
  EXPECT_FALSE(join(part, head_of("\"1\""), {{8, 9}, 11}, kNow));
  const auto result = join(part, head_of("\"1\""), {{8, 9}, 10}, kNow);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->head.fields.has("Content-Range"));
}

}  // namespace
}  // namespace edge::cache
