// The heads an intermediary writes: requests to origins, responses to clients.
//
// Source: RFC 9110 7.6 (forwarding, Via), 15.4.5 (304), 15.3.7 (206); RFC 8586 (CDN-Loop);
// RFC 9111 5.1 (Age); RFC 9211 (Cache-Status).  Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge/cache/object.h"
#include "edge/config/config.h"
#include "edge/http/cache_status.h"
#include "edge/http/message.h"
#include "edge/http/validator.h"
#include "edge/serve/reply.h"

namespace edge::serve {

// True when this cache has forwarded the request before (RFC 8586 2).
bool is_own_loop(const http::Fields& request, std::string_view name);

// How often an OPTIONS may be forwarded yet (RFC 9110 7.6.2); nullopt: it doesn't say.
std::optional<std::uint64_t> max_forwards(const http::RequestHead& request);

struct ForwardOptions {
  std::string_view name;    // of this cache
  std::string_view client;  // its address, for X-Forwarded-For; "": it is there already
  const config::Origin* origin = nullptr;
  // The cache asks for itself: its own conditions and range, and Accept-Encoding in normal form.
  bool for_cache = false;
  const cache::Object* validate = nullptr;  // adds the conditions that validate it
  std::string range;                        // as Range and If-Range have it; "": none
  std::string if_range;
  http::Framing body;
  bool esi = false;      // says that pages may have Edge Side Includes in them
  bool recodes = false;  // clients may have weak tags of what the origin has strong ones of
};
http::RequestHead origin_request(const http::RequestHead& request, const ForwardOptions& options);

struct ReplyOptions {
  std::string_view name;
  http::CacheStatus status;
  std::optional<std::int64_t> age_s;
  std::optional<std::uint64_t> length;  // of the body that follows, where known
  bool has_body = true;  // false: HEAD, 204, 304: the length is written only if it is known
  bool show_keys = false;  // Surrogate-Key and Cache-Tag, which are for caches
};
// `head`: as received or stored; hop-by-hop fields are removed.
Reply client_reply(http::ResponseHead head, const ReplyOptions& options, gslb::WallTime now);

// The same of a stored head that has no hop-by-hop fields, without a copy: the reply refers to it.
Reply stored_reply(const http::ResponseHead& stored, const ReplyOptions& options,
                   gslb::WallTime now);

// A stored 200 as the 304 or 416 it has to be for this request.
http::ResponseHead as_not_modified(const http::ResponseHead& stored);
http::ResponseHead as_unsatisfiable(std::uint64_t size);

// A short text page of our own.
http::ResponseHead own_response(int status);
std::string own_page(int status, std::string_view why);

}  // namespace edge::serve
