// The start line, fields and framing of HTTP/1.1 messages, read strictly.
//
// Source: RFC 9112 2.2, 3, 4, 5 (syntax, line endings, folding), 6 (body length), 11.2 (request
// smuggling); RFC 9110 5.5 (field values), 7.2 (Host).
//
// Why not a lenient parser: a cache stands between two parsers that may disagree with it, and each
// leniency (bare LF, folded lines, two lengths, a space before the colon) is a known way to make
// them disagree about where a message ends.  All of these are refused here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/fields.h"
#include "gslb/base/result.h"

namespace edge::http {

inline constexpr std::size_t kMaxFields = 128;

struct RequestHead {
  std::string method;   // case-sensitive
  std::string target;   // origin-form or "*", after parsing
  std::string host;     // lower case, with port unless it is 80
  // The host whose site answers, where `host` is an alias of it; "": itself.
  std::string alias_of;
  int major = 1;        // 2: came by HTTP/2; minor then means nothing
  int minor = 1;        // HTTP/1.minor
  bool secure = false;  // came over TLS: the target is of https
  Fields fields;

  const std::string& site_host() const noexcept { return alias_of.empty() ? host : alias_of; }
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  int minor = 1;
  Fields fields;
};

enum class HeadError : std::uint8_t {
  kStartLine,
  kVersion,         // not HTTP/1.0 or HTTP/1.1
  kTarget,          // neither origin-form, absolute-form of http(s), nor "*"
  kField,           // bad name, space before the colon, control octet in the value
  kFolded,          // obs-fold (RFC 9112 5.2)
  kLineEnding,      // bare CR or bare LF
  kTooManyFields,   // over kMaxFields
  kHost,            // missing, several, or not a host
  kContentLength,   // not a number, or several that differ
  kTransferCoding,  // anything but "chunked", together with Content-Length, or in HTTP/1.0
};
std::string_view describe(HeadError error) noexcept;
// The status a client gets for a request refused for this reason.
int status_for(HeadError error) noexcept;

enum class HeadScan : std::uint8_t { kMore, kBadLineEnding, kDone };
// Looks for the empty line that ends a head.  kDone: `end` is the length of the head including it.
// `from` is how far an earlier scan came (updated), so that a dripping head costs O(n).
HeadScan scan_head(std::string_view octets, std::size_t& from, std::size_t& end) noexcept;

// `octets`: a whole head as found by scan_head.
gslb::Result<RequestHead, HeadError> parse_request_head(std::string_view octets);
gslb::Result<ResponseHead, HeadError> parse_response_head(std::string_view octets);

enum class BodyKind : std::uint8_t { kNone, kLength, kChunked, kUntilClose };
struct Framing {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;  // kLength only
};
gslb::Result<Framing, HeadError> request_framing(const RequestHead& head);
// `request_method`: HEAD has no body whatever its fields say.
gslb::Result<Framing, HeadError> response_framing(const ResponseHead& head,
                                                  std::string_view request_method);

// True if the sender will keep the connection open after this message.
bool keeps_alive(int minor, const Fields& fields);

std::string write_request_head(const RequestHead& head);
std::string write_response_head(const ResponseHead& head);
// Replaces `text`.  `before`: fields that stand before the head's own, but for names it has too.
void write_response_head(const ResponseHead& head, const Fields& before, std::string& text);
// What stands before a chunk, "1f\r\n".  REQUIRES: size > 0 (0 would end the body).
std::string chunk_size_line(std::size_t size);
// The registered phrase, or "".
std::string_view reason_phrase(int status) noexcept;

// RFC 9110 9.2.1 and the methods that a cache understands.
bool is_safe_method(std::string_view method) noexcept;
// RFC 9110 9.2.2: sent twice is as sent once.
bool is_idempotent_method(std::string_view method) noexcept;

}  // namespace edge::http
