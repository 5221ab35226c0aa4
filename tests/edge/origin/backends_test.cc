#include "edge/origin/backends.h"

#include <map>

#include <gtest/gtest.h>

#include "gslb/base/hash.h"

namespace edge::origin {
namespace {

using Choice = Backends::Choice;
using gslb::milliseconds;

constexpr gslb::MonoTime kStart{std::chrono::hours(1)};

config::Origin origin(std::size_t servers, config::Balance balance) {
  config::Origin origin;
  origin.balance = balance;
  for (std::size_t i = 0; i < servers; ++i) {
    config::Server server;
    server.url.host = "s" + std::to_string(i) + ".example";
    server.url.port = 80;
    origin.servers.push_back(server);
  }
  return origin;
}

// The server of a request that is over at once; -1: none.
int ask(Backends& backends, const Wanted& wanted = {}, gslb::MonoTime now = kStart) {
  std::size_t server = 0;
  if (backends.choose(wanted, now, server) != Choice::kServer) { return -1; }
  backends.leave(server, now);
  return static_cast<int>(server);
}

void eject(Backends& backends, std::size_t server) {
  for (int i = 0; i < 3; ++i) { backends.report(server, false, kStart); }
}

TEST(Backends, PriorityAsksTheFirstThatIsWell) {
  Backends backends(origin(3, config::Balance::kPriority));
  EXPECT_EQ(ask(backends), 0);
  EXPECT_EQ(ask(backends), 0);
  eject(backends, 0);
  EXPECT_EQ(ask(backends), 1);
  Wanted wanted;
  wanted.tried = 0b010;
  EXPECT_EQ(ask(backends, wanted), 2);
}

TEST(Backends, TurnsAreByWeightAndInterleaved) {
  config::Origin three = origin(3, config::Balance::kRoundRobin);
  three.servers[0].weight = 5;
  Backends backends(three);
  std::string turns;
  for (int i = 0; i < 14; ++i) { turns += static_cast<char>('a' + ask(backends)); }
  EXPECT_EQ(turns, "aabacaaaabacaa");
}

TEST(Backends, LeastAsksWhoHasTheFewestForItsWeight) {
  config::Origin two = origin(2, config::Balance::kLeast);
  two.servers[1].weight = 3;
  Backends backends(two);
  std::map<std::size_t, int> asked;
  for (int i = 0; i < 8; ++i) {
    std::size_t server = 0;
    ASSERT_EQ(backends.choose({}, kStart, server), Choice::kServer);
    ++asked[server];
  }
  EXPECT_EQ(asked[0], 2);
  EXPECT_EQ(asked[1], 6);
}

TEST(Backends, AUrlKeepsItsServerWhenAnotherGoes) {
  config::Origin four = origin(4, config::Balance::kUrl);
  four.servers[3].weight = 3;
  Backends all(four);
  Backends fewer(four);
  eject(fewer, 1);
  std::map<int, int> shares;
  for (std::uint64_t i = 0; i < 6000; ++i) {
    Wanted wanted;
    wanted.url_hash = gslb::mix64(i);
    const int before = ask(all, wanted);
    const int after = ask(fewer, wanted);
    ++shares[before];
    EXPECT_NE(after, 1);
    if (before != 1) { EXPECT_EQ(after, before); }
  }
  for (const int server : {0, 1, 2}) { EXPECT_NEAR(shares[server], 1000, 120); }
  EXPECT_NEAR(shares[3], 3000, 200);
}

TEST(Backends, BackupsAreForWhenNoOtherIsWell) {
  config::Origin three = origin(3, config::Balance::kRoundRobin);
  three.servers[0].backup = true;
  Backends backends(three);
  for (int i = 0; i < 4; ++i) { EXPECT_NE(ask(backends), 0); }
  eject(backends, 1);
  EXPECT_EQ(ask(backends), 2);
  eject(backends, 2);
  EXPECT_EQ(ask(backends), 0);
}

TEST(Backends, WhenAllAreDownTheyAreTriedAnyway) {
  Backends backends(origin(2, config::Balance::kPriority));
  eject(backends, 0);
  eject(backends, 1);
  EXPECT_EQ(ask(backends), 0);
  Wanted wanted;
  wanted.tried = 0b01;
  EXPECT_EQ(ask(backends, wanted), 1);
  wanted.tried = 0b11;
  EXPECT_EQ(ask(backends, wanted), -1);
}

TEST(Backends, AnEjectedServerIsTriedByOneRequestAndComesBack) {
  Backends backends(origin(2, config::Balance::kPriority));
  eject(backends, 0);
  const auto later = kStart + milliseconds(5000);
  EXPECT_EQ(ask(backends, {}, later), 0);
  EXPECT_EQ(ask(backends, {}, later), 1) << "one at a time";
  backends.report(0, true, later);
  EXPECT_EQ(ask(backends, {}, later), 0);
}

TEST(Backends, RequestsWaitInOrderForRoom) {
  config::Origin one = origin(1, config::Balance::kRoundRobin);
  one.servers[0].max_connections = 2;
  one.queue = 2;
  Backends backends(one);
  std::size_t server = 0;
  for (int i = 0; i < 2; ++i) { ASSERT_EQ(backends.choose({}, kStart, server), Choice::kServer); }
  EXPECT_EQ(backends.choose({}, kStart, server), Choice::kFull);
  std::string woken;
  std::vector<std::shared_ptr<QueuedRequest>> waiting;
  for (const char name : {'a', 'b', 'c'}) {
    auto request = std::make_shared<QueuedRequest>();
    request->wake = [&woken, name] { woken += name; };
    EXPECT_EQ(backends.enqueue(request, kStart), name != 'c') << "the queue is bounded";
    waiting.push_back(request);
  }
  backends.leave(0, kStart);
  EXPECT_EQ(woken, "a");
  EXPECT_EQ(backends.withdraw(*waiting[0]), 0U);
  EXPECT_EQ(backends.choose({}, kStart, server), Choice::kFull) << "nobody overtakes";
  EXPECT_EQ(backends.withdraw(*waiting[1]), std::nullopt) << "who gives up has no server";
  backends.leave(0, kStart);
  EXPECT_EQ(woken, "a");
  EXPECT_EQ(ask(backends), 0);
  EXPECT_EQ(backends.figures(kStart).servers[0].in_flight, 1U);
  EXPECT_EQ(backends.figures(kStart).queue_refused, 2U);
}

TEST(Backends, WhoWaitsForOneServerHoldsNobodyUpForAnother) {
  config::Origin two = origin(2, config::Balance::kPriority);
  for (config::Server& server : two.servers) { server.max_connections = 1; }
  Backends backends(two);
  std::size_t server = 9;
  for (int i = 0; i < 2; ++i) { ASSERT_EQ(backends.choose({}, kStart, server), Choice::kServer); }
  std::string woken;
  const auto wait = [&](char name, std::uint64_t tried) {
    auto request = std::make_shared<QueuedRequest>();
    request->wanted.tried = tried;
    request->wake = [&woken, name] { woken += name; };
    EXPECT_TRUE(backends.enqueue(request, kStart));
    return request;
  };
  const auto first = wait('a', 0b10);  // wants server 0
  const auto second = wait('b', 0b01);
  const auto third = wait('c', 0);
  backends.leave(1, kStart);
  EXPECT_EQ(woken, "b");
  backends.leave(1, kStart);
  EXPECT_EQ(woken, "bc");
  EXPECT_EQ(backends.choose({}, kStart, server), Choice::kFull);
  backends.leave(1, kStart);
  EXPECT_EQ(backends.choose({}, kStart, server), Choice::kServer) << "nobody waits for it";
  EXPECT_EQ(server, 1U);
  backends.leave(0, kStart);
  EXPECT_EQ(woken, "bca");
}

TEST(Backends, AServerAtItsBoundIsPassedOverButNotForABackup) {
  config::Origin three = origin(3, config::Balance::kPriority);
  three.servers[0].max_connections = 1;
  three.servers[1].max_connections = 1;
  three.servers[2].backup = true;
  Backends backends(three);
  std::size_t server = 9;
  ASSERT_EQ(backends.choose({}, kStart, server), Choice::kServer);
  EXPECT_EQ(server, 0U);
  ASSERT_EQ(backends.choose({}, kStart, server), Choice::kServer);
  EXPECT_EQ(server, 1U);
  EXPECT_EQ(backends.choose({}, kStart, server), Choice::kFull);
}

TEST(Backends, RetriesAreAShareOfRequests) {
  Backends backends(origin(2, config::Balance::kRoundRobin));
  int granted = 0;
  for (int i = 0; i < 1000; ++i) {
    ask(backends);
    if (backends.may_retry()) { ++granted; }
  }
  EXPECT_GE(granted, 200);
  EXPECT_LE(granted, 212) << "20 % and a reserve of ten";
  EXPECT_EQ(backends.figures(kStart).retries + backends.figures(kStart).retries_refused, 1000U);
}

TEST(Backends, ChecksTakeAServerAway) {
  config::Origin two = origin(2, config::Balance::kPriority);
  two.health.emplace();
  Backends backends(two);
  for (int i = 0; i < 3; ++i) { backends.checked(0, false); }
  EXPECT_EQ(ask(backends), 1);
  for (int i = 0; i < 2; ++i) { backends.checked(0, true); }
  EXPECT_EQ(ask(backends), 0);
  EXPECT_EQ(backends.figures(kStart).servers[0].checks_failed, 3U);
}

}  // namespace
}  // namespace edge::origin
