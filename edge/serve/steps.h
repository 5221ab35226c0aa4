// Answering one request: store, flight or origin.
//
// Source: RFC 9111 4 (constructing responses from caches), RFC 9110 10.1.1 (Expect), 9.3 (methods).
#pragma once

#include "edge/serve/client_io.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Answers and counts it.  True: the answer was sent whole.  Cost: a hit is one lookup and one
// gathered write.  All arguments must stay valid until it is done.
Awaitable<bool> answer(Worker& worker, ClientIo& client, const http::RequestHead& request,
                       http::Framing body);

// Who asks, if it is not just a client.
struct Asker {
  const tier::Caller* edge = nullptr;
  bool stays = false;  // answered here: another cluster has sent it, or a page needs it
};
// The steps of it: for a request as its client meant it.
Awaitable<bool> answer_as(Worker& worker, ClientIo& client, const http::RequestHead& request,
                          http::Framing body, Asker asker);

// Refuses a request that could not be understood.
Awaitable<void> refuse(Worker& worker, ClientIo& client, int status, std::string_view why);

}  // namespace edge::serve
