#include "edge/http/message.h"

#include <gtest/gtest.h>

#include "edge/http/body_decoder.h"

namespace edge::http {
namespace {

HeadScan scan(std::string_view octets) {
  std::size_t from = 0;
  std::size_t end = 0;
  return scan_head(octets, from, end);
}

TEST(HeadScan, FindsTheEndWhereverReadsSplitIt) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t split = 0; split <= head.size(); ++split) {
    std::size_t from = 0;
    std::size_t end = 0;
    const HeadScan first = scan_head(std::string_view(head).substr(0, split), from, end);
    EXPECT_EQ(first == HeadScan::kDone, split == head.size());
    EXPECT_EQ(scan_head(head + "next", from, end), HeadScan::kDone);
    EXPECT_EQ(end, head.size());
  }
}

TEST(HeadScan, RefusesBareCrAndBareLf) {
  EXPECT_EQ(scan("GET / HTTP/1.1\nHost: a\n\n"), HeadScan::kBadLineEnding);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nHost: a\n\r\n"), HeadScan::kBadLineEnding);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"), HeadScan::kBadLineEnding);
  EXPECT_EQ(scan("\n"), HeadScan::kBadLineEnding);
}

struct BadHead {
  const char* rule;
  std::string octets;
  HeadError error;
};
class BadRequests : public testing::TestWithParam<BadHead> {};
// Whatever step notices it: the head or the framing.
TEST_P(BadRequests, AreRefused) {
  const auto head = parse_request_head(GetParam().octets);
  if (!head) {
    EXPECT_EQ(head.error(), GetParam().error) << GetParam().rule;
    return;
  }
  const auto framing = request_framing(*head);
  ASSERT_FALSE(framing) << GetParam().rule;
  EXPECT_EQ(framing.error(), GetParam().error) << GetParam().rule;
}
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\n";
INSTANTIATE_TEST_SUITE_P(
    Smuggling, BadRequests,
    testing::Values(
        BadHead{"length and chunked",
                kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                HeadError::kTransferCoding},
        BadHead{"two lengths", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
                HeadError::kContentLength},
        BadHead{"length list", kPost + "Content-Length: 5, 6\r\n\r\n", HeadError::kContentLength},
        BadHead{"signed length", kPost + "Content-Length: +5\r\n\r\n", HeadError::kContentLength},
        BadHead{"hex length", kPost + "Content-Length: 0x5\r\n\r\n", HeadError::kContentLength},
        BadHead{"empty length", kPost + "Content-Length: \r\n\r\n", HeadError::kContentLength},
        BadHead{"huge length", kPost + "Content-Length: 99999999999999999999\r\n\r\n",
                HeadError::kContentLength},
        BadHead{"unknown coding", kPost + "Transfer-Encoding: xchunked\r\n\r\n",
                HeadError::kTransferCoding},
        BadHead{"coding before chunked", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n",
                HeadError::kTransferCoding},
        BadHead{"chunked twice",
                kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                HeadError::kTransferCoding},
        BadHead{"quoted coding", kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n",
                HeadError::kTransferCoding},
        BadHead{"chunked in 1.0",
                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                HeadError::kTransferCoding},
        BadHead{"space before colon", kPost + "Content-Length : 5\r\n\r\n", HeadError::kField},
        BadHead{"folded", kPost + "X: a\r\n b\r\n\r\n", HeadError::kFolded},
        BadHead{"folded first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", HeadError::kFolded},
        BadHead{"no colon", kPost + "Foo\r\n\r\n", HeadError::kField},
        BadHead{"empty name", kPost + ": x\r\n\r\n", HeadError::kField},
        BadHead{"NUL in value", kPost + std::string("X: a\0b\r\n\r\n", 10), HeadError::kField},
        BadHead{"no host", "GET / HTTP/1.1\r\n\r\n", HeadError::kHost},
        BadHead{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HeadError::kHost},
        BadHead{"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HeadError::kHost},
        BadHead{"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HeadError::kHost},
        BadHead{"empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", HeadError::kHost},
        BadHead{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::kStartLine},
        BadHead{"no version", "GET /\r\nHost: a\r\n\r\n", HeadError::kStartLine},
        BadHead{"version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", HeadError::kVersion},
        BadHead{"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", HeadError::kVersion},
        BadHead{"relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::kTarget},
        BadHead{"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::kTarget},
        BadHead{"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::kTarget},
        BadHead{"octet over 127", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
                HeadError::kStartLine}));

TEST(RequestHead, NormalisesTheHostAndAbsoluteForm) {
  const auto head =
      parse_request_head("GET HTTP://WWW.Example.com:80?q HTTP/1.1\r\nHost: other\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->host, "www.example.com");
  EXPECT_EQ(head->target, "/?q");
}

TEST(RequestHead, EqualLengthsAreOneLength) {
  const auto head = parse_request_head(kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(head);
  const auto framing = request_framing(*head);
  ASSERT_TRUE(framing);
  EXPECT_EQ(framing->length, 5U);
}

TEST(RequestHead, CountsFields) {
  std::string octets = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < kMaxFields; ++i) { octets += "X: y\r\n"; }
  EXPECT_TRUE(parse_request_head(octets + "\r\n"));
  EXPECT_EQ(parse_request_head(octets + "X: y\r\n\r\n").error(), HeadError::kTooManyFields);
}

TEST(ResponseFraming, FollowsRfc9112Section6) {
  const auto kind = [](const std::string& octets, std::string_view method) {
    const auto head = parse_response_head(octets);
    EXPECT_TRUE(head) << octets;
    const auto framing = response_framing(*head, method);
    EXPECT_TRUE(framing) << octets;
    return framing->kind;
  };
  EXPECT_EQ(kind("HTTP/1.1 200 OK\r\n\r\n", "GET"), BodyKind::kUntilClose);
  EXPECT_EQ(kind("HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", "GET"), BodyKind::kLength);
  EXPECT_EQ(kind("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD"), BodyKind::kNone);
  EXPECT_EQ(kind("HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", "GET"), BodyKind::kNone);
  EXPECT_EQ(kind("HTTP/1.1 204 x\r\n\r\n", "GET"), BodyKind::kNone);
  EXPECT_EQ(kind("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", "GET"),
            BodyKind::kChunked);
  EXPECT_FALSE(parse_response_head("HTTP/1.1 99 x\r\n\r\n"));
  EXPECT_FALSE(parse_response_head("HTTP/1.1 2000 x\r\n\r\n"));
  EXPECT_FALSE(parse_response_head("ICY 200 OK\r\n\r\n"));
}

// Feeds `octets` in pieces of `step`; returns the body or "error".
std::string decode(std::string_view octets, std::size_t step, bool* done) {
  BodyDecoder decoder(Framing{BodyKind::kChunked, 0});
  std::string out;
  std::string pending;
  for (std::size_t at = 0; at < octets.size(); at += step) {
    pending += octets.substr(at, step);
    const auto used = decoder.feed(pending, out);
    if (!used) { return "error"; }
    pending.erase(0, *used);
  }
  *done = decoder.done();
  return out + (pending.empty() ? "" : "|" + pending);
}

TEST(ChunkDecoder, GivesTheSameHoweverItIsFed) {
  const std::string octets = "4;ext=\"a\"\r\nWiki\r\n5 \r\npedia\r\n0\r\nX: y\r\n\r\nNEXT";
  for (std::size_t step = 1; step <= octets.size(); ++step) {
    bool done = false;
    EXPECT_EQ(decode(octets, step, &done), "Wikipedia|NEXT") << step;
    EXPECT_TRUE(done);
  }
}

TEST(ChunkDecoder, RefusesWhatPeersReadDifferently) {
  for (const char* bad :
       {"\r\n", "x\r\n", "-1\r\n", "0x4\r\nWiki\r\n", "4\nWiki\r\n", "4\r\nWikiX\r\n",
        "4\r\nWiki\nx", "4\rWiki", "1000000000000000\r\n", " 4\r\nWiki\r\n", ";x\r\n",
        "0\r\nX: y\n\r\n", "0\r\n X\r\n\r\n", "0\r\n\nx"}) {
    bool done = false;
    EXPECT_EQ(decode(bad, 1, &done), "error") << bad;
  }
}

TEST(ChunkDecoder, BoundsExtensionsAndTrailers) {
  bool done = false;
  EXPECT_EQ(decode("1;" + std::string(kMaxChunkLine, 'a'), 64, &done), "error");
  EXPECT_EQ(decode("0\r\nX: " + std::string(kMaxTrailer, 'a'), 64, &done), "error");
}

TEST(BodyDecoder, CountsAndLeavesTheRest) {
  BodyDecoder decoder(Framing{BodyKind::kLength, 3});
  std::string out;
  EXPECT_EQ(decoder.feed("abcdef", out).value_or(0), 3U);
  EXPECT_EQ(out, "abc");
  EXPECT_TRUE(decoder.done());
  EXPECT_TRUE(BodyDecoder(Framing{BodyKind::kUntilClose, 0}).complete_at_close());
  EXPECT_FALSE(BodyDecoder(Framing{BodyKind::kLength, 1}).complete_at_close());
}

}  // namespace
}  // namespace edge::http
