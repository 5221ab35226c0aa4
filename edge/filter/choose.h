// What is to be done to a response's body for one client, and the head that goes with it.
//
// Source: RFC 9110 8.4 (Content-Encoding), 8.8.3 (entity tags), 12.5.3 (Accept-Encoding), 12.5.5
// (Vary), 7.7 (transformations); RFC 9530 (digests); Edge Architecture Specification 1.0
// (Surrogate-Control).  Pure.
//
// Why coded answers get the weak form of the stored ETag, with nothing added: what is coded twice
// need not be the same octets, so no strong tag would be true; If-None-Match compares weakly and
// so works here and at the origin as it stands.  If-Match does not: see strong_again().
#pragma once

#include <cstdint>
#include <optional>

#include "edge/config/filters.h"
#include "edge/http/message.h"

namespace edge::filter {

using config::Coding;

struct Choice {
  Coding decode = Coding::kIdentity;  // undone first
  bool esi = false;                   // then what the page includes is put in
  Coding encode = Coding::kIdentity;  // last
  bool varies = false;                // other clients get it otherwise
  bool changes() const noexcept {
    return esi || decode != Coding::kIdentity || encode != Coding::kIdentity;
  }
};

struct Subject {
  const http::RequestHead& request;
  const http::ResponseHead& response;
  std::optional<std::uint64_t> length;  // of the body, where known
  bool part = false;                    // the body is a part of the representation
  bool included = false;                // goes into another page: uncoded
};
Choice choose(const config::Filters& filters, const Subject& subject);

// True if the response is a page with ESI in it: by [esi] types, or by its Surrogate-Control.
bool is_esi_page(const config::Filters& filters, const http::ResponseHead& response);

// `head` as it is with that done.  What it said of octets that change is gone.
http::ResponseHead filtered_head(const http::ResponseHead& head, const Choice& choice);

// An If-Match to the origin with the tags as the origin wrote them: strong comparison fails for
// the weak ones that coding made (RFC 9110 13.1.1), and clients that edit what they got coded
// would never get through.
std::string strong_again(std::string_view if_match);

}  // namespace edge::filter
