#include "gslb/monitor/http_reply.h"

#include <gtest/gtest.h>

namespace gslb::monitor {
namespace {

config::Monitor monitor(const std::string& body = "") {
  config::Monitor made;
  made.kind = config::MonitorKind::kHttp;
  made.port = 80;
  made.body = body;
  return made;
}

// "good", "more" or the reason.
std::string judge(const config::Monitor& monitor, std::string_view received, bool ended = false) {
  const auto finding = judge_http(monitor, received, ended);
  if (!finding) { return "more"; }
  return finding->outcome == fleet::Outcome::kGood ? "good" : finding->reason;
}

TEST(HttpReply, TheStatusDecidesAsSoonAsItsLineIsThere) {
  EXPECT_EQ(judge(monitor(), ""), "more");
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 200 O"), "more");
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 200 OK\r\n"), "good");
  EXPECT_EQ(judge(monitor(), "HTTP/1.0 200\n"), "good");
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 503 Busy\r\n"), "status 503");
  config::Monitor teapot = monitor();
  teapot.ok_codes = {204, 418};
  EXPECT_EQ(judge(teapot, "HTTP/1.1 418 I'm a teapot\r\n"), "good");
  EXPECT_EQ(judge(teapot, "HTTP/1.1 200 OK\r\n"), "status 200");
}

TEST(HttpReply, WhatIsNoHttpIsSeenAtItsFirstOctets) {
  EXPECT_EQ(judge(monitor(), "SSH-2.0-OpenSSH"), "no HTTP: 'SSH-2.0-OpenSSH'");
  EXPECT_EQ(judge(monitor(), "HX"), "no HTTP: 'HX'");
  EXPECT_EQ(judge(monitor(), std::string_view("\0\x01\xff", 3)), "no HTTP: '\?\?\?'");
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 2x0 OK\r\n"), "no status: 'HTTP/1.1 2x0 OK?'");
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 20\r\n"), "no status: 'HTTP/1.1 20?'");
  EXPECT_EQ(judge(monitor(), "HTTP/\n"), "no status: 'HTTP/'");
}

TEST(HttpReply, AnEndTooEarlyIsBad) {
  EXPECT_EQ(judge(monitor(), "", true), "closed without an answer");
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 20", true), "closed within the status line");
  EXPECT_EQ(judge(monitor("x"), "HTTP/1.1 200 OK\r\nA: x\r\n", true), "closed within the head");
}

TEST(HttpReply, TheTextIsLookedForInTheBodyOnly) {
  const config::Monitor wants = monitor("alive");
  const std::string head = "HTTP/1.1 200 OK\r\nX: alive\r\n\r\n";
  EXPECT_EQ(judge(wants, head), "more");
  EXPECT_EQ(judge(wants, head + "ali"), "more");
  EXPECT_EQ(judge(wants, head + "I am alive"), "good");
  EXPECT_EQ(judge(wants, head + "dead", true), "the body has no 'alive'");
  EXPECT_EQ(judge(wants, "HTTP/1.0 200 OK\n\nalive"), "good");
  EXPECT_EQ(judge(wants, "HTTP/1.1 500 No\r\n\r\nalive"), "status 500");
}

TEST(HttpReply, ABodyEndsWithItsLengthOrItsLimit) {
  const config::Monitor wants = monitor("alive");
  const std::string head = "HTTP/1.1 200 OK\r\ncOnTeNt-length:  4\r\n\r\n";
  EXPECT_EQ(judge(wants, head + "dea"), "more");
  EXPECT_EQ(judge(wants, head + "dead"), "the body has no 'alive'");
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(judge(wants, endless + std::string(kMostBody - 1, 'x')), "more");
  EXPECT_EQ(judge(wants, endless + std::string(kMostBody, 'x')), "the body has no 'alive'");
}

TEST(HttpReply, LinesAndHeadsWithoutEndAreGivenUp) {
  EXPECT_EQ(judge(monitor(), "HTTP/1.1 200 " + std::string(kMostHead, 'x')),
            "a status line without end");
  EXPECT_EQ(judge(monitor("x"), "HTTP/1.1 200 OK\r\n" + std::string(kMostHead, 'y')),
            "a head without end");
}

TEST(HttpReply, TheRequestNamesTheHost) {
  config::Monitor asks = monitor();
  asks.path = "/health?full=1";
  EXPECT_EQ(write_request(asks, "192.0.2.1"),
            "GET /health?full=1 HTTP/1.0\r\nHost: 192.0.2.1\r\nUser-Agent: proxima-monitor\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n");
  asks.port = 8080;
  EXPECT_NE(write_request(asks, "2001:db8::1").find("Host: [2001:db8::1]:8080\r\n"),
            std::string::npos);
  asks.host = "www.example";
  EXPECT_NE(write_request(asks, "192.0.2.1").find("Host: www.example\r\n"), std::string::npos);
}

}  // namespace
}  // namespace gslb::monitor
