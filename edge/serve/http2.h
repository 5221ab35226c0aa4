// HTTP/2 with a client: one connection, many requests, each answered by a coroutine of its own.
//
// Source: RFC 9113, RFC 7541 (by nghttp2).  Why a library here and own parsers for HTTP/1: HPACK
// and stream states leave no room for leniency, and nghttp2's are the most tried.  What its rules
// let through is held against those of HTTP/1 all the same, for that is what origins get.
//
// Bounds: streams, coroutines (a reset ends the stream, not at once the work for it), octets of
// heads, of bodies nobody has read, of answers nobody has taken, and frames that bring nothing.
#pragma once

#include <string>

#include "edge/serve/transport.h"

namespace edge::serve {

// Serves until the connection has to be closed, which is left to the caller.  `received`: octets
// of it that have been read already.
Awaitable<void> serve_http2(Worker& worker, Transport& transport, std::string received);

}  // namespace edge::serve
