#include "edge/serve/http1_head.h"

#include <gtest/gtest.h>

namespace edge::serve {
namespace {

Reply reply_of(std::optional<std::uint64_t> length, bool has_body = true) {
  Reply reply;
  reply.head.status = 200;
  reply.length = length;
  reply.has_body = has_body;
  return reply;
}

bool has(const Http1Head& head, std::string_view line) {
  return head.text.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TEST(Http1Head, KnownLengthsNeedNoFraming) {
  const Http1Head head = write_http1_head(reply_of(5), 1, true);
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.text, "HTTP/1.1 200 OK\r\n\r\n");
}

TEST(Http1Head, UnknownLengthsAreChunkedOrEndWithTheConnection) {
  const Http1Head chunked = write_http1_head(reply_of({}), 1, true);
  EXPECT_TRUE(chunked.chunked && chunked.keep_alive);
  EXPECT_TRUE(has(chunked, "Transfer-Encoding: chunked"));
  const Http1Head closing = write_http1_head(reply_of({}), 0, true);
  EXPECT_FALSE(closing.chunked || closing.keep_alive);
  EXPECT_TRUE(has(closing, "Connection: close"));
}

TEST(Http1Head, WhatHasNoBodyIsNotFramed) {
  const Http1Head head = write_http1_head(reply_of({}, false), 1, true);
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(head.keep_alive);
}

TEST(Http1Head, SaysWhatTheVersionDoesNotImply) {
  EXPECT_TRUE(has(write_http1_head(reply_of(1), 0, true), "Connection: keep-alive"));
  EXPECT_TRUE(has(write_http1_head(reply_of(1), 1, false), "Connection: close"));
}

}  // namespace
}  // namespace edge::serve
