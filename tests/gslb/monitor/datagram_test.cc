// DNS answers and ICMP echoes as octets.
#include <array>

#include <gtest/gtest.h>

#include "gslb/base/random.h"
#include "gslb/monitor/dns_reply.h"
#include "gslb/monitor/echo.h"
#include "gslb/transfer/primary_query.h"

namespace gslb::monitor {
namespace {

using Buffer = std::vector<std::uint8_t>;

Prepared asks_for(const std::string& answer = "") {
  config::Config config;
  config::Monitor monitor;
  monitor.id.text = "m";
  monitor.kind = config::MonitorKind::kDns;
  monitor.name.text = "www.example.";
  monitor.type.text = "A";
  if (!answer.empty()) { monitor.answer = LocatedString{answer, {}}; }
  config.monitors.push_back(monitor);
  Problems problems;
  const auto kit = prepare(config, problems);
  EXPECT_TRUE(kit) << problems.to_string();
  return *kit->at("m");
}

// The answer to our query with `records` of A 192.0.2.N each.
Buffer answer(const Prepared& how, std::uint8_t rcode, const std::vector<std::uint8_t>& records) {
  Buffer message = transfer::write_query({.apex = how.name, .id = 7, .type = how.type});
  message[2] |= 0x80;
  message[3] = rcode;
  message[7] = static_cast<std::uint8_t>(records.size());
  for (const std::uint8_t last : records) {
    const Buffer record = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last};
    message.insert(message.end(), record.begin(), record.end());
  }
  return message;
}

// "good", "past" or the reason.
std::string judge(const Prepared& how, const Buffer& message) {
  const auto finding = judge_dns(how, 7, message);
  if (!finding) { return "past"; }
  return finding->outcome == fleet::Outcome::kGood ? "good" : finding->reason;
}

TEST(DnsReply, RcodeAndAnswerDecide) {
  const Prepared any = asks_for();
  EXPECT_EQ(judge(any, answer(any, 0, {})), "good");
  EXPECT_EQ(judge(any, answer(any, 5, {})), "RCODE REFUSED");
  const Prepared one = asks_for("192.0.2.9");
  EXPECT_EQ(judge(one, answer(one, 0, {8, 9})), "good");
  EXPECT_EQ(judge(one, answer(one, 0, {8})), "another answer");
  EXPECT_EQ(judge(one, answer(one, 0, {})), "another answer");
  Prepared denied = asks_for();
  denied.options.rcode = 3;
  EXPECT_EQ(judge(denied, answer(denied, 3, {})), "good");
  EXPECT_EQ(judge(denied, answer(denied, 0, {})), "RCODE NOERROR");
}

TEST(DnsReply, WhatIsNotTheAnswerIsWaitedPast) {
  const Prepared how = asks_for();
  Buffer foreign = answer(how, 0, {});
  foreign[1] ^= 1;
  EXPECT_EQ(judge(how, foreign), "past");
  Buffer query = answer(how, 0, {});
  query[2] &= 0x7f;
  EXPECT_EQ(judge(how, query), "past");
  Buffer other = answer(how, 0, {});
  other[13] = 'x';
  EXPECT_EQ(judge(how, other), "past");
  EXPECT_EQ(judge(how, {}), "past");
}

TEST(DnsReply, AnyOctetsGiveAVerdict) {
  const Prepared how = asks_for("192.0.2.9");
  const Buffer whole = answer(how, 0, {1, 2, 9});
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    Buffer mutated = whole;
    mutated[random.below(mutated.size())] = static_cast<std::uint8_t>(random.next());
    mutated.resize(random.below(mutated.size() + 1));
    judge(how, mutated);
  }
}

TEST(Echo, AReplyHasTheNonceAndTheRightType) {
  std::array<std::uint8_t, kNonceOctets> nonce{1, 2, 3};
  for (const bool is_v6 : {false, true}) {
    Buffer message = write_echo(is_v6, nonce);
    EXPECT_FALSE(is_echo_reply(is_v6, nonce, message)) << "our own request";
    message[0] = is_v6 ? 129 : 0;
    EXPECT_TRUE(is_echo_reply(is_v6, nonce, message));
    if (!is_v6) {
      Buffer with_header(20, 0);
      with_header[0] = 0x45;
      with_header.insert(with_header.end(), message.begin(), message.end());
      EXPECT_TRUE(is_echo_reply(is_v6, nonce, with_header));
      with_header[0] = 0x4f;
      EXPECT_FALSE(is_echo_reply(is_v6, nonce, with_header)) << "a header of 60 octets";
    }
    message.back() ^= 1;
    EXPECT_FALSE(is_echo_reply(is_v6, nonce, message)) << "somebody else's";
    message.pop_back();
    EXPECT_FALSE(is_echo_reply(is_v6, nonce, message));
    EXPECT_FALSE(is_echo_reply(is_v6, nonce, Buffer()));
  }
}

TEST(Echo, TheChecksumOfAWholeIpv4EchoIsRight) {
  std::array<std::uint8_t, kNonceOctets> nonce{};
  for (std::size_t i = 0; i < nonce.size(); ++i) { nonce[i] = static_cast<std::uint8_t>(i * 17); }
  const Buffer message = write_echo(false, nonce);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < message.size(); i += 2) { sum += message[i] * 256U + message[i + 1]; }
  while ((sum >> 16) != 0) { sum = (sum & 0xffff) + (sum >> 16); }
  EXPECT_EQ(sum, 0xffffU);
}

TEST(Prepare, SaysWhatIsWrongAndWhere) {
  config::Config config;
  config::Monitor monitor;
  monitor.id = {"m", {"f.toml", 3, 1}};
  monitor.kind = config::MonitorKind::kDns;
  monitor.name = {"a..b", {"f.toml", 4, 8}};
  monitor.type = {"AX", {"f.toml", 5, 8}};
  config.monitors.push_back(monitor);
  monitor.kind = config::MonitorKind::kHttps;
  monitor.ca_file = "/nonexistent.pem";
  config.monitors.push_back(monitor);
  monitor.kind = config::MonitorKind::kDns;
  monitor.name.text = "a.example.";
  monitor.type.text = "A";
  monitor.answer = LocatedString{"2001:db8::1", {"f.toml", 6, 8}};
  config.monitors.push_back(monitor);
  Problems problems;
  EXPECT_EQ(prepare(config, problems), nullptr);
  const std::string text = problems.to_string();
  EXPECT_NE(text.find("f.toml:4:8: error: 'a..b' is not a domain name"), std::string::npos) << text;
  EXPECT_NE(text.find("f.toml:5:8: error: 'AX' is not a record type"), std::string::npos) << text;
  EXPECT_NE(text.find("f.toml:3:1: error: can't use the certificates of '/nonexistent.pem'"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("f.toml:6:8: error: '2001:db8::1' is no data of type A"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace gslb::monitor
