#include "gslb/bus/envelope.h"

#include <gtest/gtest.h>

#include "gslb/base/file.h"

namespace gslb::bus {
namespace {

constexpr std::string_view kKey = "fleet-secret";
constexpr std::string_view kSubject = "$KV.proxima_v1_gslb.gslb-1";
constexpr milliseconds kAge{60'000};
constexpr milliseconds kAhead{30'000};

WallTime at(std::int64_t ms) { return WallTime(milliseconds(ms)); }
const WallTime kNow = at(1'790'000'000'250);
const Sender kSender{"gslb-1", 1'790'000'000'000};

Result<Opened, EnvelopeError> open_now(std::string_view octets,
                                       std::string_view subject = kSubject) {
  return open(kKey, subject, octets, kNow, kAge, kAhead);
}

TEST(Envelope, OpensWhatWasSealed) {
  const std::string octets = seal(kKey, kSubject, kSender, 7, kNow, "{}\nmore\n");
  const auto opened = open_now(octets);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->sender, kSender);
  EXPECT_EQ(opened->sequence, 7U);
  EXPECT_EQ(opened->time_ms, 1'790'000'000'250U);
  EXPECT_EQ(opened->body, "{}\nmore\n");
}

TEST(Envelope, IsThatOfTheDocument) {
  const auto text = read_file(std::string(TEST_SOURCE_DIR) + "/docs/bus.md");
  ASSERT_TRUE(text);
  const std::string label = "```text example-envelope\n";
  const std::size_t begin = text->find(label);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t from = begin + label.size();
  const std::string example = text->substr(from, text->find("\n```", from) - from);
  EXPECT_EQ(seal(kKey, kSubject, kSender, 7, kNow, "{}"), example);
}

TEST(Envelope, AnyOctetChangedIsNoticed) {
  const std::string octets = seal(kKey, kSubject, kSender, 7, kNow, "{\"a\":1}");
  for (std::size_t i = 0; i < octets.size(); ++i) {
    std::string changed = octets;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_now(changed)) << i;
    EXPECT_FALSE(open_now(octets.substr(0, i))) << i;
  }
  EXPECT_FALSE(open_now(octets + " "));
}

TEST(Envelope, BelongsToItsSubjectAndItsKey) {
  const std::string octets = seal(kKey, kSubject, kSender, 7, kNow, "{}");
  const auto moved = open_now(octets, "$KV.proxima_v1_gslb.gslb-2");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error(), EnvelopeError::kWrongSignature);
  EXPECT_FALSE(open("other", kSubject, octets, kNow, kAge, kAhead));
  const std::string open_to_all = seal("", kSubject, kSender, 7, kNow, "{}");
  EXPECT_FALSE(open("", kSubject, open_to_all, kNow, kAge, kAhead));
}

TEST(Envelope, IsOfItsTime) {
  const std::string octets = seal(kKey, kSubject, kSender, 7, kNow, "{}");
  const auto then = [&](std::int64_t ms) {
    return open(kKey, kSubject, octets, kNow + milliseconds(ms), kAge, kAhead);
  };
  EXPECT_TRUE(then(60'000));
  EXPECT_TRUE(then(-30'000));
  ASSERT_FALSE(then(60'001));
  EXPECT_EQ(then(60'001).error(), EnvelopeError::kSkew);
  ASSERT_FALSE(then(-30'001));
  EXPECT_EQ(then(-30'001).error(), EnvelopeError::kSkew);
}

TEST(Envelope, OddLinesAreMalformed) {
  const std::string signature(64, 'a');
  const std::string long_body(kMaxBodyOctets + 1, ' ');
  for (const std::string& bad :
       {std::string(), std::string("\n"), std::string("v1\n{}"),
        "v2 gslb-1 1 2 3 " + signature + "\n{}", "v1  1 2 3 " + signature + "\n{}",
        "v1 g.1 1 2 3 " + signature + "\n{}", "v1 g -1 2 3 " + signature + "\n{}",
        "v1 g 1 2 3 4 " + signature + "\n{}", "v1 g 1 2 3 " + signature + " \n{}",
        "v1 g 1 2 1234567890123456 " + signature + "\n{}",
        "v1 " + std::string(64, 'g') + " 1 2 3 " + signature + "\n{}",
        "v1 g 1 2 3 " + signature + "\n" + long_body, std::string(500, 'v')}) {
    const auto opened = open_now(bad);
    ASSERT_FALSE(opened) << bad.substr(0, 60);
    EXPECT_EQ(opened.error(), EnvelopeError::kMalformed) << bad.substr(0, 60);
  }
}

Opened message(std::uint64_t incarnation, std::uint64_t sequence, std::string sender = "a") {
  return {{std::move(sender), incarnation}, sequence, 0, ""};
}

TEST(NewestTest, WhatIsDoubledOrOvertakenIsNothing) {
  Newest newest;
  EXPECT_TRUE(newest.take("s", message(1, 5)));
  EXPECT_FALSE(newest.take("s", message(1, 5)));
  EXPECT_FALSE(newest.take("s", message(1, 4)));
  EXPECT_TRUE(newest.take("s", message(1, 6)));
  EXPECT_TRUE(newest.take("t", message(1, 5))) << "another subject";
  EXPECT_TRUE(newest.take("s", message(1, 5, "b"))) << "another sender";
  EXPECT_TRUE(newest.take("s", message(2, 1))) << "a new start";
  EXPECT_FALSE(newest.take("s", message(1, 100)));
}

TEST(NewestTest, ForgetsWhomItHasNotHeardForLongest) {
  Newest newest;
  for (std::size_t i = 0; i < Newest::kMost; ++i) {
    ASSERT_TRUE(newest.take("s", message(1, 5, std::to_string(i))));
  }
  EXPECT_TRUE(newest.take("s", message(1, 6, "0")));
  EXPECT_TRUE(newest.take("s", message(1, 5, "one more")));
  EXPECT_FALSE(newest.take("s", message(1, 6, "0"))) << "heard of just now";
  EXPECT_FALSE(newest.take("s", message(1, 5, "2")));
  EXPECT_TRUE(newest.take("s", message(1, 5, "1"))) << "forgotten";
}

TEST(BusBeat, IsWhatItWas) {
  const std::string octets = write_beat("eu.fra", "1790000000250", "abc", "{\n}");
  const auto beat = parse_beat(octets);
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->cluster, "eu.fra");
  EXPECT_EQ(beat->time_ms, "1790000000250");
  EXPECT_EQ(beat->signature, "abc");
  EXPECT_EQ(beat->body, "{\n}");
  for (const char* bad : {"", "v1 fra 1 2", "v1 fra 1\n{}", "v1  1 2\n{}", "v1 f.a 1 2\n{}"}) {
    EXPECT_FALSE(parse_beat(bad)) << bad;
  }
}

TEST(BusOrders, AreWhatTheyWere) {
  const std::string octets = write_orders("17", "abc", "{}");
  const auto orders = parse_orders_message(octets);
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->time_ms, "17");
  EXPECT_EQ(orders->signature, "abc");
  EXPECT_EQ(orders->body, "{}");
  EXPECT_FALSE(parse_orders_message("v1 17\n{}"));
}

}  // namespace
}  // namespace gslb::bus
