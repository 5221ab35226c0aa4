// The head of an HTTP/1 answer with the fields that frame it.
//
// Source: RFC 9112 6 (Transfer-Encoding, until close for HTTP/1.0), 9.3, 9.6 (Connection).  Pure.
#pragma once

#include <string>

#include "edge/serve/reply.h"

namespace edge::serve {

struct Http1Head {
  std::string text;
  bool chunked = false;
  bool keep_alive = true;
};
// `client_minor`: the request's HTTP/1.minor.  `keep_alive`: wanted by both sides; what can only
// end with the connection overrules it.  `room`: what the text may be written to.
Http1Head write_http1_head(Reply reply, int client_minor, bool keep_alive, std::string room = {});

}  // namespace edge::serve
