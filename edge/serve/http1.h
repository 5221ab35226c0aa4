// HTTP/1 with a client: reads requests one after the other, strictly, and frames the answers.
//
// Source: RFC 9112 2.2, 3, 6, 7.1 (chunked), 9.3 (persistence), 9.3.2 (pipelining: the next request
// waits in the buffer), 9.6 (tear-down).
#pragma once

#include "edge/serve/transport.h"

namespace edge::serve {

// Serves requests until the connection has to be closed, which is left to the caller.
// `received`: octets of it that have been read already.
Awaitable<void> serve_http1(Worker& worker, Transport& transport, std::string received);

}  // namespace edge::serve
