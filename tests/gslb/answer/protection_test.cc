// Access lists, cookies and rate limits as clients meet them.
#include "gslb/answer/protection.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using gslb::Address;
using gslb::milliseconds;
using gslb::answer::RateClass;
using gslb::answer::Refusal;
using gslb::answer::Transport;
using gslb::dns::CookieState;
using gslb::dns::RrType;
using gslb::dns::testing::Buffer;
using gslb::dns::testing::hex;
using tests::Ask;
using tests::Reply;
using tests::World;

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kClientCookie = "000a 0008 2464c4abcf10c957";

World world_with(const std::string& more, const std::string& in_other_zone = "") {
  std::string config = tests::kWorldConfig;
  const std::string name = "name = \"other.test.\"\n";
  config.replace(config.find(name), name.size(), name + in_other_zone);
  return {config + "\n" + more,
          {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}}};
}

// The COOKIE option of a reply, as hex for the next query; "" when there is none.
std::string cookie_of(const Reply& reply) {
  for (const auto& record : reply.message.sections[2]) {
    if (record.type != RrType::kOpt) { continue; }
    for (std::size_t at = 0; at + 4 <= record.rdata.size();) {
      const std::size_t size = gslb::load_u16(&record.rdata[at + 2]);
      if (gslb::load_u16(&record.rdata[at]) == 10) {
        std::string text;
        for (std::size_t i = at; i < at + 4 + size; ++i) {
          constexpr const char* kDigits = "0123456789abcdef";
          text += kDigits[record.rdata[i] >> 4];
          text += kDigits[record.rdata[i] & 15];
        }
        return text;
      }
      at += 4 + size;
    }
  }
  return "";
}

std::uint64_t seen(const World& world, CookieState state) {
  return world.counters.cookies[static_cast<std::size_t>(state)].value();
}

TEST(QueryAccess, IsRefusedWithProhibitedToThoseNotListed) {
  World world = world_with("[acl]\nquery = [\"192.0.2.0/24\"]\n");
  EXPECT_EQ(world.ask({.name = "static.example", .from = "192.0.2.9"}).rcode, "NOERROR");
  const Reply refused = world.ask({.name = "static.example", .from = "198.51.100.1"});
  EXPECT_EQ(refused.rcode, "REFUSED");
  EXPECT_EQ(refused.ede, 18U);
  EXPECT_EQ(world.ask({.name = "static.example", .from = "2001:db8::1", .tcp = true}).rcode,
            "REFUSED");
  EXPECT_EQ(world
                .ask({.name = "id.server",
                      .type = RrType::kTxt,
                      .from = "198.51.100.1",
                      .klass = gslb::dns::RrClass::kCh})
                .ede,
            18U);
  EXPECT_EQ(world.counters.refusals[static_cast<std::size_t>(Refusal::kProhibited)].value(), 3U);
}

TEST(QueryAccess, ListOfAZoneStandsInsteadOfTheGeneralOne) {
  World world =
      world_with("[acl]\nquery = [\"192.0.2.0/24\"]\n", "allow_query = [\"198.51.100.0/24\"]\n");
  EXPECT_EQ(world.ask({.name = "www.other.test", .from = "198.51.100.1"}).rcode, "NOERROR");
  EXPECT_EQ(world.ask({.name = "www.other.test", .from = "192.0.2.1"}).rcode, "REFUSED");
  EXPECT_EQ(world.ask({.name = "static.example", .from = "192.0.2.1"}).rcode, "NOERROR");
  World open = world_with("", "allow_query = [\"198.51.100.0/24\"]\n");
  EXPECT_EQ(open.ask({.name = "www.other.test", .from = "192.0.2.1"}).rcode, "REFUSED");
  EXPECT_EQ(open.ask({.name = "static.example", .from = "192.0.2.1"}).rcode, "NOERROR");
}

TEST(Cookies, EveryAnswerToACookieCarriesAGoodOne) {
  World world = world_with(std::string("[cookies]\nsecret = \"") + kSecret + "\"\n");
  for (const Ask& ask : {Ask{.name = "static.example"}, Ask{.name = "nothing.example"},
                         Ask{.name = "www.example"}, Ask{.name = "host.sub.example"},
                         Ask{.name = "not.ours.test"}, Ask{.name = "static.example", .tcp = true},
                         Ask{.name = "static.example", .type = RrType::kAxfr}}) {
    Ask first = ask;
    first.options = kClientCookie;
    const std::string cookie = cookie_of(world.ask(first));
    ASSERT_EQ(cookie.size(), 2U * (4 + 24)) << ask.name;
    Ask second = ask;
    second.options = cookie;
    EXPECT_EQ(cookie_of(world.ask(second)), cookie) << ask.name;
    EXPECT_EQ(cookie_of(world.ask(ask)), "");
  }
  EXPECT_EQ(seen(world, CookieState::kClientOnly), 7U);
  EXPECT_EQ(seen(world, CookieState::kGood), 7U);
}

TEST(Cookies, AreRenewedAfterHalfAnHourAndBadAfterAnHour) {
  World world = world_with("");
  const std::string cookie =
      cookie_of(world.ask({.name = "static.example", .options = kClientCookie}));
  world.advance(std::chrono::minutes(31));
  const std::string renewed = cookie_of(world.ask({.name = "static.example", .options = cookie}));
  EXPECT_NE(renewed, cookie);
  EXPECT_EQ(seen(world, CookieState::kAged), 1U);
  world.advance(std::chrono::minutes(30));
  // Still an answer: nothing is required.
  EXPECT_EQ(world.ask({.name = "static.example", .options = cookie}).rcode, "NOERROR");
  EXPECT_EQ(seen(world, CookieState::kBad), 1U);
  EXPECT_EQ(cookie_of(world.ask({.name = "static.example", .options = renewed})), renewed);
}

TEST(Cookies, BadOnesOverUdpGetBadcookieWhereRequired) {
  World world = world_with("[cookies]\nrequire = true\n");
  const std::string bad = "000a 0018 2464c4abcf10c957 0100000000000000 0000000000000000";
  const Reply refused = world.ask({.name = "static.example", .options = bad});
  EXPECT_EQ(refused.rcode, "BADCOOKIE");
  EXPECT_EQ(world.ask({.name = "static.example", .options = cookie_of(refused)}).rcode, "NOERROR");
  EXPECT_EQ(world.ask({.name = "static.example", .tcp = true, .options = bad}).rcode, "NOERROR");
  EXPECT_EQ(world.ask({.name = "static.example", .options = kClientCookie}).rcode, "NOERROR");
  EXPECT_EQ(world.ask({.name = "static.example"}).rcode, "NOERROR");
}

TEST(Cookies, MayBeAskedForWithoutAQuestion) {
  World world = world_with("");
  const auto ask = [&world](const std::string& option, const std::string& flags = "0000") {
    const Buffer data = hex(option);
    Buffer query = hex("1234" + flags + "0000 0000 0000 0001 00 0029 04d0 00000000");
    query.push_back(0);
    query.push_back(static_cast<std::uint8_t>(data.size()));
    gslb::dns::testing::append(query, data);
    return Reply(world.respond(query, Address::v4(0xc0000201), Transport::kUdp));
  };
  const Reply first = ask(kClientCookie);
  EXPECT_EQ(first.rcode, "NOERROR");
  const std::string cookie = cookie_of(first);
  ASSERT_NE(cookie, "");
  EXPECT_EQ(ask(cookie).rcode, "NOERROR");
  const Reply bad = ask("000a 0018 2464c4abcf10c957 0100000000000000 0000000000000000");
  EXPECT_EQ(bad.rcode, "BADCOOKIE");
  EXPECT_NE(cookie_of(bad), "");
  EXPECT_EQ(ask("").rcode, "FORMERR");
  EXPECT_EQ(ask("000a 0003 010203").rcode, "FORMERR");
}

TEST(Cookies, CanBeSwitchedOff) {
  World world = world_with("[cookies]\nenabled = false\n");
  EXPECT_EQ(cookie_of(world.ask({.name = "static.example", .options = kClientCookie})), "");
}

struct Tally {
  int whole = 0;
  int truncated = 0;
  int dropped = 0;
};

// `count` queries at one moment, "%" in the name being its number.
Tally flood(World& world, const Ask& ask, int count) {
  Tally tally;
  for (int i = 0; i < count; ++i) {
    Ask one = ask;
    if (const auto at = one.name.find('%'); at != std::string::npos) {
      one.name.replace(at, 1, std::to_string(i));
    }
    const Reply reply = world.ask(one);
    if (reply.dropped()) {
      ++tally.dropped;
    } else if (reply.tc) {
      EXPECT_TRUE(reply.section(0).empty());
      ++tally.truncated;
    } else {
      ++tally.whole;
    }
  }
  return tally;
}

constexpr const char* kTenASecond = "[rrl]\nresponses_per_second = 10\n";

TEST(ResponseRate, LimitsLikeAnswersToOneNetworkAndSlipsHalfOfTheRest) {
  World world = world_with(kTenASecond);
  // Random names under a wildcard are one answer, names that do not exist are one, and so on.
  for (const Ask& ask :
       {Ask{.name = "static.example"}, Ask{.name = "x%.wild.example"}, Ask{.name = "x%.example"},
        Ask{.name = "x%.sub.example"}, Ask{.name = "x%.not.ours"}, Ask{.name = "x%.dname.example"},
        Ask{.name = "x%.aliases.example"}}) {
    const Tally tally = flood(world, ask, 110);
    EXPECT_EQ(tally.whole, 10) << ask.name;
    EXPECT_EQ(tally.truncated, 50) << ask.name;
    EXPECT_EQ(tally.dropped, 50) << ask.name;
    world.advance(milliseconds(1000));
  }
  EXPECT_EQ(flood(world, {.name = "static.example", .from = "192.0.2.200"}, 20).whole, 10);
  EXPECT_EQ(flood(world, {.name = "static.example", .from = "198.51.100.1"}, 20).whole, 10);
}

TEST(ResponseRate, DoesNotLimitOtherNamesOfTheSameZone) {
  World world = world_with(kTenASecond);
  flood(world, {.name = "x%.wild.example"}, 200);
  EXPECT_EQ(flood(world, {.name = "static.example"}, 10).whole, 10);
  EXPECT_EQ(flood(world, {.name = "ns1.example"}, 10).whole, 10);
}

TEST(ResponseRate, DoesNotLimitTcpExemptOrCookiedClients) {
  World world = world_with(std::string(kTenASecond) + "exempt = [\"203.0.113.0/24\"]\n");
  EXPECT_EQ(flood(world, {.name = "static.example", .tcp = true}, 50).whole, 50);
  EXPECT_EQ(flood(world, {.name = "static.example", .from = "203.0.113.9"}, 50).whole, 50);
  const std::string cookie =
      cookie_of(world.ask({.name = "mail.example", .options = kClientCookie}));
  EXPECT_EQ(flood(world, {.name = "static.example", .options = cookie}, 50).whole, 50);
  EXPECT_EQ(flood(world, {.name = "static.example"}, 50).whole, 10);
}

TEST(ResponseRate, ClientWithACookieSlipsIntoBadcookie) {
  World world = world_with(std::string(kTenASecond) + "slip = 1\n");
  flood(world, {.name = "static.example"}, 20);
  const Reply slipped = world.ask({.name = "static.example", .options = kClientCookie});
  EXPECT_EQ(slipped.rcode, "BADCOOKIE");
  EXPECT_FALSE(slipped.tc);
  EXPECT_EQ(world.ask({.name = "static.example", .options = cookie_of(slipped)}).rcode, "NOERROR");
}

TEST(ResponseRate, DryRunOnlyCounts) {
  World world = world_with(std::string(kTenASecond) + "dry_run = true\n");
  EXPECT_EQ(flood(world, {.name = "x%.example"}, 110).whole, 110);
  const auto& counters =
      world.counters.rate_limited[static_cast<std::size_t>(RateClass::kNegative)];
  EXPECT_EQ(counters.dry_run.value(), 100U);
  EXPECT_EQ(counters.dropped.value() + counters.slipped.value(), 0U);
}

TEST(Protection, LivesOnAcrossAReload) {
  World world = world_with(kTenASecond);
  const auto old = world.epoch;
  gslb::control::Epoch next(old->compiled, 1, gslb::MonoTime());
  EXPECT_NE(next.protection->cookie_secrets, old->protection->cookie_secrets);  // random
  next.inherit(*old);
  EXPECT_EQ(next.protection->cookie_secrets, old->protection->cookie_secrets);
  EXPECT_EQ(next.protection->rates, old->protection->rates);
}

}  // namespace
