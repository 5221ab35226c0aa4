// What is no ordinary query: errors, EDNS, identity, garbage.
#include <random>

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using gslb::Address;
using gslb::answer::Refusal;
using gslb::answer::Transport;
using gslb::dns::RrClass;
using gslb::dns::RrType;
using gslb::dns::testing::append;
using gslb::dns::testing::Buffer;
using gslb::dns::testing::hex;
using tests::Ask;
using tests::make_query;
using tests::Reply;
using tests::World;

class Protocol : public testing::Test {
 protected:
  std::uint64_t refusals(Refusal why) const {
    return world_.counters.refusals[static_cast<std::size_t>(why)].value();
  }
  World world_ = tests::make_world();
};

struct Case {
  const char* what;
  Ask ask;
  const char* rcode;  // "": no answer
  Refusal refusal;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"response", {.name = "www.example", .flags = 0x8100}, "", Refusal::kResponse},
      {"notify", {.name = "example", .flags = 0x2000}, "NOTIMP", Refusal::kOpcode},
      {"opcode 15", {.name = "example", .flags = 0x7800}, "NOTIMP", Refusal::kOpcode},
      {"no question", {.name = "www.example", .patch = "4:0000"}, "FORMERR", Refusal::kMalformed},
      {"two questions", {.name = "www.example", .patch = "4:0002"}, "FORMERR", Refusal::kMalformed},
      {"pointer in QNAME",
       {.name = "www.example", .patch = "12:c00c"},
       "FORMERR",
       Refusal::kMalformed},
      {"ANCOUNT 1", {.name = "www.example", .patch = "6:0001"}, "FORMERR", Refusal::kMalformed},
      {"ARCOUNT 2", {.name = "www.example", .patch = "10:0002"}, "FORMERR", Refusal::kMalformed},
      {"ARCOUNT 0, octets left",
       {.name = "www.example", .patch = "10:0000"},
       "FORMERR",
       Refusal::kMalformed},
      {"option cut off",
       {.name = "www.example", .options = "00030001"},
       "FORMERR",
       Refusal::kMalformed},
      {"cookie of 7",
       {.name = "www.example", .options = "000a000701020304050607"},
       "FORMERR",
       Refusal::kMalformed},
      {"ECS short", {.name = "www.example", .ecs = ":raw:0001"}, "FORMERR", Refusal::kMalformedEcs},
      {"ECS family 3",
       {.name = "www.example", .ecs = ":raw:00030800c6"},
       "FORMERR",
       Refusal::kMalformedEcs},
      {"ECS host bits",
       {.name = "www.example", .ecs = ":raw:00011700c63365"},
       "FORMERR",
       Refusal::kMalformedEcs},
      {"ECS scope",
       {.name = "www.example", .ecs = ":raw:00010818c6"},
       "FORMERR",
       Refusal::kMalformedEcs},
      {"EDNS 1", {.name = "www.example", .version = 1}, "BADVERS", Refusal::kBadVersion},
      {"not ours", {.name = "www.example.org"}, "REFUSED", Refusal::kNotOurs},
      {"the root", {.name = ".", .type = RrType::kNs}, "REFUSED", Refusal::kNotOurs},
      {"class HS", {.name = "www.example", .klass = RrClass::kHs}, "REFUSED", Refusal::kNotOurs},
      {"AXFR",
       {.name = "example", .type = RrType::kAxfr, .tcp = true},
       "REFUSED",
       Refusal::kNotOurs},
      {"IXFR", {.name = "example", .type = RrType::kIxfr}, "REFUSED", Refusal::kNotOurs},
      {"CH unknown",
       {.name = "other.bind", .type = RrType::kTxt, .klass = RrClass::kCh},
       "REFUSED",
       Refusal::kNotOurs},
      {"CH A", {.name = "version.bind", .klass = RrClass::kCh}, "REFUSED", Refusal::kNotOurs},
  };
  return kCases;
}

TEST_F(Protocol, EveryRefusalHasItsRcodeAndCounter) {
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.what);
    const std::uint64_t before = refusals(each.refusal);
    const std::uint64_t dropped = world_.counters.dropped.value();
    const Reply reply = world_.ask(each.ask);
    EXPECT_EQ(reply.rcode, each.rcode);
    EXPECT_EQ(refusals(each.refusal), before + 1);
    EXPECT_EQ(world_.counters.dropped.value(), dropped + (reply.dropped() ? 1 : 0));
    if (reply.dropped()) { continue; }
    EXPECT_FALSE(reply.aa);
    // Counts that lie, or a QNAME with a pointer, hide where the OPT stands.
    const bool hidden = each.ask.patch.starts_with("4:") || each.ask.patch.starts_with("12:") ||
                        each.ask.patch == "10:0000";
    EXPECT_EQ(reply.has_opt, !hidden);
    EXPECT_EQ(reply.message.id, 0x2a17);
    EXPECT_EQ(reply.message.flags & 0x7800, each.ask.flags & 0x7800);
    EXPECT_EQ(reply.message.flags & 0x0100, each.ask.flags & 0x0100);
    for (std::size_t i = 0; i < 3; ++i) { EXPECT_TRUE(reply.section(i).empty()); }
  }
  EXPECT_EQ(world_.queries(), world_.responses() + world_.counters.dropped.value());
}

TEST_F(Protocol, ShortMessagesAreDropped) {
  const Buffer query = make_query({.name = "www.example"});
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_TRUE(world_.respond({query.data(), size}, Address(), Transport::kUdp).empty());
  }
  EXPECT_EQ(refusals(Refusal::kShort), 12U);
  const Reply header(world_.respond({query.data(), 12}, Address(), Transport::kUdp));
  EXPECT_EQ(header.rcode, "FORMERR");
}

TEST_F(Protocol, TransactionSignaturesAreNotKnown) {
  Buffer query = make_query({.name = "www.example", .edns = false, .patch = "10:0001"});
  // key.: TSIG, class ANY, TTL 0, 16 octets of RDATA
  append(query, hex("036b657900 00fa 00ff 00000000 0010 00000000000000000000000000000000"));
  const Reply reply(world_.respond(query, Address(), Transport::kUdp));
  EXPECT_EQ(reply.rcode, "NOTAUTH");
  EXPECT_EQ(refusals(Refusal::kTransactionSig), 1U);
}

TEST_F(Protocol, EdnsComesBackOnlyWhenAsked) {
  EXPECT_FALSE(world_.ask({.name = "static.example", .edns = false}).has_opt);
  const Reply plain = world_.ask({.name = "static.example"});
  EXPECT_TRUE(plain.has_opt);
  EXPECT_FALSE(plain.dnssec_ok);
  EXPECT_FALSE(plain.nsid);
  EXPECT_FALSE(plain.scope);
  EXPECT_TRUE(world_.ask({.name = "static.example", .dnssec_ok = true}).dnssec_ok);
  EXPECT_EQ(world_.ask({.name = "static.example", .options = "00030000"}).nsid, "gslb-1");
  EXPECT_EQ(world_.ask({.name = "nothing.example", .options = "00030000"}).nsid, "gslb-1");
  const Reply refused = world_.ask({.name = "www.example.org", .options = "00030000"});
  EXPECT_EQ(refused.nsid, "gslb-1");
  EXPECT_EQ(refused.ede, 20U);
  EXPECT_EQ(world_.counters.edns.value(), 5U);
}

// RFC 8906 8.1 and 8.2: what a server that is not to be complained about answers.
TEST_F(Protocol, TheTestsOfRfc8906) {
  constexpr const char* kApex = "example";
  const std::string soa = "NOERROR aa; example. 300 SOA ns1.example.";
  const auto ask = [&](Ask query) {
    if (query.type == RrType::kA) { query.type = RrType::kSoa; }
    return world_.ask(query);
  };
  EXPECT_EQ(ask({.name = kApex, .edns = false, .flags = 0}).text(), soa);  // 8.1.1
  EXPECT_EQ(ask({.name = kApex, .type = static_cast<RrType>(1000), .edns = false}).rcode,
            "NOERROR");                                                // 8.1.2
  for (const std::uint16_t flag : {0x0010, 0x0020, 0x0040, 0x0100}) {  // 8.1.3: CD, AD, Z, RD
    const Reply reply = ask({.name = kApex, .edns = false, .flags = flag});
    EXPECT_EQ(reply.text(), soa) << flag;
    EXPECT_EQ(reply.message.flags & 0x00e0, 0) << "RA, Z and AD are not copied";
    EXPECT_EQ(reply.message.flags & 0x0110, flag & 0x0110);
  }
  EXPECT_EQ(ask({.name = kApex, .edns = false, .flags = 15 << 11}).text(), "NOTIMP");  // 8.1.4
  EXPECT_EQ(ask({.name = kApex, .tcp = true, .edns = false}).text(), soa);             // 8.1.5
  EXPECT_EQ(ask({.name = kApex}).text(), soa);                                         // 8.2.1
  const Reply version = ask({.name = kApex, .version = 1});                            // 8.2.2
  EXPECT_EQ(version.rcode, "BADVERS");
  EXPECT_EQ(version.message.sections[2][0].ttl >> 16 & 0xff, 0U) << "the version we know";
  EXPECT_EQ(ask({.name = kApex, .options = "03e80000"}).text(), soa);                      // 8.2.3
  EXPECT_EQ(ask({.name = kApex, .patch = "32:0040"}).text(), soa) << "unknown EDNS flag";  // 8.2.4
  EXPECT_EQ(ask({.name = kApex, .version = 1, .patch = "32:0040"}).rcode, "BADVERS");      // 8.2.5
  EXPECT_EQ(ask({.name = kApex, .version = 1, .options = "03e80000"}).rcode, "BADVERS");   // 8.2.6
  EXPECT_TRUE(ask({.name = kApex, .payload = 512}).has_opt);                               // 8.2.7
  EXPECT_TRUE(ask({.name = kApex, .dnssec_ok = true}).dnssec_ok);                          // 8.2.8
  const Reply unknown = ask({.name = kApex, .flags = 15 << 11});
  EXPECT_EQ(unknown.rcode, "NOTIMP");
  EXPECT_TRUE(unknown.has_opt);
}

TEST_F(Protocol, FailuresSayWhyAndAreNotAuthoritative) {
  const Reply long_name = world_.ask({.name = std::string(60, 'x') + ".deep.example"});
  EXPECT_EQ(long_name.rcode, "YXDOMAIN");
  EXPECT_EQ(long_name.ede, 0U);
  EXPECT_TRUE(long_name.aa);
}

TEST(ProtocolReports, AreAskedForButNotAboutReports) {
  std::string config = tests::kWorldConfig;
  config.insert(config.find("nsid ="), "report_channel = \"Agent.Other.Test\"\n");
  World world(config, {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}});
  const auto has_option = [](const Reply& reply) {
    const std::string octets(reply.octets.begin(), reply.octets.end());
    return octets.find(std::string("\x00\x12\x00\x12\x05"
                                   "agent\x05other\x04test\x00",
                                   22)) != std::string::npos;
  };
  EXPECT_TRUE(has_option(world.ask({.name = "static.example"})));
  EXPECT_TRUE(has_option(world.ask({.name = "www.example.org"}))) << "errors too";
  EXPECT_FALSE(has_option(world.ask({.name = "static.example", .edns = false})));
  EXPECT_FALSE(has_option(world.ask({.name = "_er.1.x.7._er.agent.other.test"})));
}

// Forged reports would be cheap over UDP.
TEST(ProtocolReports, AreTakenFromThoseWhoShowWhoTheyAre) {
  std::string config = tests::kWorldConfig;
  config.insert(config.find("nsid ="), "report_channel = \"agent.other.test\"\n");
  World world(config, {{"example.zone", tests::kWorldZone},
                       {"other.zone", std::string(tests::kOtherZone) + "*.agent TXT taken\n"}});
  Ask report{.name = "_ER.1.x.7._er.agent.other.test", .type = RrType::kTxt};
  const Reply first = world.ask(report);
  EXPECT_TRUE(first.tc);
  EXPECT_TRUE(first.section(0).empty());
  EXPECT_EQ(
      world.ask({.name = "x.agent.other.test", .type = RrType::kTxt}).answers(RrType::kTxt).size(),
      1U);
  EXPECT_FALSE(world.ask({.name = "_er.elsewhere.other.test", .type = RrType::kTxt}).tc);
  report.tcp = true;
  EXPECT_EQ(world.ask(report).answers(RrType::kTxt).size(), 1U);
}

TEST_F(Protocol, ChaosNamesTellWhoAnswers) {
  for (const char* name : {"version.bind", "VERSION.server", "id.server", "hostname.bind"}) {
    const Reply reply = world_.ask({.name = name, .type = RrType::kTxt, .klass = RrClass::kCh});
    EXPECT_EQ(reply.rcode, "NOERROR");
    ASSERT_EQ(reply.section(0).size(), 1U);
    EXPECT_EQ(reply.message.sections[0][0].klass, 3);
    const bool version = (name[0] | 0x20) == 'v';
    EXPECT_EQ(reply.answers(RrType::kTxt)[0], version ? "\"Proxima\"" : "\"gslb-1\"");
  }
  EXPECT_EQ(world_.ask({.name = "version.bind", .type = RrType::kTxt}).rcode, "REFUSED");
}

TEST(ProtocolOff, IdentityIsRefusedWhenNotConfigured) {
  std::string config = tests::kWorldConfig;
  for (const char* key : {"nsid = \"gslb-1\"", "version = \"Proxima\"", "identity = \"gslb-1\""}) {
    const std::string line = key;
    config.replace(config.find(line), line.size(), line.substr(0, line.find('"')) + "\"\"");
  }
  World world(config, {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}});
  for (const char* name : {"version.bind", "id.server"}) {
    EXPECT_EQ(world.ask({.name = name, .type = RrType::kTxt, .klass = RrClass::kCh}).rcode,
              "REFUSED");
  }
  EXPECT_FALSE(world.ask({.name = "static.example", .options = "00030000"}).nsid);
}

// Any octets: no crash, a response a strict reader takes, within the limit, and counters that add
// up.
TEST_F(Protocol, MutatedQueriesAreAnsweredSanely) {
  const char* const names[] = {"www.example",     "x.cdn.example",   "static.example",
                               "self.example",    "x.dname.example", "host.sub.example",
                               "nothing.example", "many.example",    "alias1.example",
                               "version.bind",    "example"};
  std::mt19937 random(7);
  for (int i = 0; i < 30'000; ++i) {
    Ask ask{.name = names[random() % std::size(names)],
            .type = static_cast<RrType>(random() % 260),
            .ecs = random() % 2 == 0 ? "198.51.100.0/24" : "2001:db8:e000::/48",
            .edns = random() % 4 != 0,
            .payload = static_cast<std::uint16_t>(random())};
    if (random() % 8 == 0) { ask.klass = static_cast<RrClass>(random() % 256); }
    Buffer query = make_query(ask);
    for (unsigned flips = random() % 4; flips > 0; --flips) {
      query[random() % query.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 8 == 0) { query.resize(random() % query.size()); }
    const bool tcp = random() % 8 == 0;
    const Reply reply(world_.respond(query, Address::parse("192.0.2.1").value(),
                                     tcp ? Transport::kTcp : Transport::kUdp));
    if (!tcp) { EXPECT_LE(reply.octets.size(), 1232U); }
    if (!reply.dropped()) { EXPECT_EQ(reply.octets[0], query[0]); }
  }
  EXPECT_EQ(world_.queries(), 30'000U);
  EXPECT_EQ(world_.queries(), world_.responses() + world_.counters.dropped.value());
}

}  // namespace
