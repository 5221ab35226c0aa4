// What a later response tells about a stored one: 304, HEAD, and another part of it.
//
// Source: RFC 9111 3.2 (updating stored header fields), 3.4 (combining partial content), 4.3.4
// (304), 4.3.5 (HEAD).  Pure.
#pragma once

#include <cstdint>

#include "edge/http/message.h"
#include "gslb/base/clock.h"

namespace edge::cache {

// Whether a 304 speaks about the stored response: a strong validator in it has to match strongly,
// a weak one weakly; without any, it confirms what we asked about.
bool selects(const http::ResponseHead& not_modified, const http::ResponseHead& stored);

// The stored head with another response's fields put in (3.2).  Kept are Content-Length,
// Content-Range and Content-Encoding: they describe the octets that are stored.
http::ResponseHead updated_by(const http::ResponseHead& stored, const http::ResponseHead& newer);

enum class HeadVerdict : std::uint8_t {
  kSame,     // update the stored response
  kChanged,  // it is stale from now on
};
// What a 200 to HEAD says about a stored response with a body of `length` octets (4.3.5).
HeadVerdict judge_head(const http::ResponseHead& head, const http::ResponseHead& stored,
                       std::uint64_t length);

// Whether a 206 and a stored part may be combined: the same strong validator (3.4; RFC 9110
// 15.3.7.3).
bool is_same_representation(const http::ResponseHead& part, const http::ResponseHead& stored,
                            gslb::WallTime now);

}  // namespace edge::cache
