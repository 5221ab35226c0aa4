// Decisions told by TXT: who may ask, what they say, and where the name may stand.
#include "gslb/control/debug_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/control/special_messages.h"

#include "tests/support/world.h"

namespace {

using namespace gslb;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using tests::Ask;

constexpr const char* kDebug = R"(
[debug]
name = "Explain.Ops.test."
allow = ["192.0.2.53", "2001:db8::/32"]
)";

class DebugName : public testing::Test {
 protected:
  DebugName()
      : world_(std::string(tests::kWorldConfig) + kDebug,
               {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}}) {
    auto with = std::make_shared<answer::Snapshot>(*world_.snapshot);
    with->debug = control::make_debug(world_.epoch, world_.summary.price_ms);
    world_.snapshot = with;
  }
  // As a worker does: what answer() defers goes to the special messages.
  tests::Reply ask(Ask asked) {
    asked.type = dns::RrType::kTxt;
    const auto query = tests::make_query(asked);
    const Address from = Address::parse(asked.from).value();
    dns::testing::Buffer out(65535);
    const answer::Request request{
        .message = query,
        .client = from,
        .transport = asked.tcp ? answer::Transport::kTcp : answer::Transport::kUdp,
        .defers = true};
    std::size_t size =
        answer::answer(*world_.snapshot, request, world_.scratch, world_.counters, out);
    is_deferred_ = world_.scratch.deferred == answer::Deferred::kDebug;
    if (is_deferred_) {
      size = answer::answer_debug(*world_.snapshot, request, world_.scratch, world_.counters, out);
    }
    out.resize(size);
    return tests::Reply(out);
  }
  // The strings of the one TXT record.
  static std::vector<std::string> strings(const tests::Reply& reply) {
    std::vector<std::string> found;
    const auto& rdata = reply.message.sections[0].at(0).rdata;
    for (std::size_t at = 0; at < rdata.size(); at += std::size_t{rdata[at]} + 1) {
      found.emplace_back(rdata.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                         rdata.begin() + static_cast<std::ptrdiff_t>(at) + 1 + rdata[at]);
    }
    return found;
  }
  tests::World world_;
  bool is_deferred_ = false;
};

TEST_F(DebugName, TellsTheDecisionThatDigWouldGet) {
  const auto reply = ask({.name = "www.example.explain.ops.test", .ecs = "198.51.100.0/24"});
  EXPECT_EQ(reply.rcode, "NOERROR");
  EXPECT_TRUE(reply.aa);
  EXPECT_EQ(reply.scope, 24U);
  ASSERT_EQ(reply.message.sections[0].size(), 1U);
  EXPECT_EQ(reply.message.sections[0][0].ttl, 0U);
  const auto said = strings(reply);
  EXPECT_EQ(said[0], "fra best ttl 30 scope 24");
  EXPECT_THAT(said[1], StartsWith("route www.example. service web generation "));
  EXPECT_THAT(said[2],
              StartsWith("at 198.51.100.0/24 AS64999 DE 50,8 +-25km override by client subnet"));
  EXPECT_THAT(said[3], StartsWith("if lost lon"));
  EXPECT_THAT(said[4], StartsWith("fra rtt "));
  EXPECT_THAT(said[4], HasSubstr(" up rank 1: chosen: best"));
  EXPECT_EQ(world_.responses(), 1U);
}

TEST_F(DebugName, WithoutASubnetTheAskerIsTheClient) {
  const auto said = strings(ask({.name = "WWW.example.EXPLAIN.ops.test"}));
  EXPECT_THAT(said[0], StartsWith("nyc best"));
  EXPECT_THAT(said[2], HasSubstr("by resolver address"));
}

TEST_F(DebugName, NamesThatAreNotRoutedSayThat) {
  EXPECT_THAT(strings(ask({.name = "static.example.explain.ops.test"})),
              ElementsAre("not routed: static data of example."));
  EXPECT_THAT(strings(ask({.name = "www.elsewhere.explain.ops.test"})),
              ElementsAre("no zone of ours holds this name"));
}

TEST_F(DebugName, OthersAreRefusedWithAReason) {
  const auto reply = ask({.name = "www.example.explain.ops.test", .from = "198.51.100.1"});
  EXPECT_FALSE(is_deferred_);
  EXPECT_EQ(reply.rcode, "REFUSED");
  EXPECT_EQ(reply.ede, 18U);
}

TEST_F(DebugName, OtherNamesAndTypesAreAnsweredAsEver) {
  ask({.name = "explain.ops.test"});
  EXPECT_FALSE(is_deferred_) << "the name itself tells nothing";
  ask({.name = "www.example.xexplain.ops.test"});
  EXPECT_FALSE(is_deferred_) << "labels are compared, not octets";
  EXPECT_EQ(world_.ask({.name = "www.example.explain.ops.test"}).rcode, "REFUSED");
  const auto plain = ask({.name = "static.example"});
  EXPECT_FALSE(is_deferred_);
  EXPECT_EQ(plain.rcode, "NOERROR");
}

TEST_F(DebugName, LongAnswersAreTruncatedOverUdpAndWholeOverTcp) {
  EXPECT_TRUE(ask({.name = "www.example.explain.ops.test", .payload = 512}).tc);
  EXPECT_FALSE(ask({.name = "www.example.explain.ops.test", .tcp = true}).tc);
}

TEST(DebugNameCheck, RefusesAPlaceInASignedZone) {
  const auto problems_of = [](const std::string& name, const std::string& more) {
    std::string config = tests::kWorldConfig;
    const std::string zone = "file = \"example.zone\"";
    config.replace(config.find(zone), zone.size(), zone + "\ndnssec = \"p\"");
    config += "[dnssec.p]\nkey_dir = \"keys\"\n[debug]\nname = \"" + name + "\"\n";
    try {
      tests::World(config,
                   {{"example.zone", tests::kWorldZone + more}, {"other.zone", tests::kOtherZone}});
    } catch (const std::runtime_error& error) { return std::string(error.what()); }
    return std::string();
  };
  EXPECT_THAT(problems_of("explain.example.", ""),
              HasSubstr("lies in the signed zone 'example.', and its answers are not signed"));
  EXPECT_THAT(problems_of("explain.example.", "explain NS ns1\n"),
              testing::Not(HasSubstr("signed")));
  EXPECT_THAT(problems_of("x.sub.example.", ""), HasSubstr("lies in the signed zone"))
      << "a delegation with DS is signed";
  EXPECT_THAT(problems_of("explain.other.test.", ""), testing::Not(HasSubstr("signed zone")));
  EXPECT_THAT(problems_of("a..b", ""), HasSubstr("'a..b' is not a domain name"));
}

}  // namespace
