// What answering a request needs of the client's side, whatever protocol it speaks: the request's
// body comes in, an answer goes out as head, slices of the body and end.
//
// Source: RFC 9110 6 (messages apart from their framing), 15.2 (interim responses).
//
// Why shaped like a message: chunks, lengths and Connection are HTTP/1's, streams and windows are
// HTTP/2's; the steps that answer know of neither.
#pragma once

#include <string>
#include <vector>

#include "edge/cache/body.h"
#include "edge/origin/awaitable.h"
#include "edge/serve/inclusion.h"
#include "edge/serve/reply.h"

namespace edge::serve {

using origin::Awaitable;

// One request of a client.  Worker-confined; by one coroutine at a time.
class ClientIo {
 public:
  enum class BodyStatus : std::uint8_t { kData, kEnd, kBad, kTimeout, kGone };

  virtual ~ClientIo() = default;

  // --- the request ------------------------------------------------------------------------------
  // Replaces `out` by the next decoded octets of the request's body.
  virtual Awaitable<BodyStatus> read_body(std::string& out) = 0;
  // True when body octets are here already: no 100 (Continue) is needed then.
  virtual bool has_body_octets() const = 0;
  // The client's address as text.
  virtual const std::string& peer() const = 0;
  // The page that the answer is put into; null for what a client asked for itself.
  virtual InclusionRef inclusion() const { return nullptr; }

  // --- the answer -------------------------------------------------------------------------------
  // A 1xx response, sent at once; not sent to HTTP/1.0 clients, which know none.  False: the
  // client is gone.  REQUIRES: before begin().
  virtual Awaitable<bool> send_interim(const http::ResponseHead& head) = 0;
  // Once, first.  Nothing need be sent yet: the head leaves together with the first slices.
  virtual void begin(Reply reply) = 0;
  // Returns when the slices are written or buffered within bounds; they are held, not copied,
  // until then.  Without slices: the head leaves now if it has not left yet.  False: the client is
  // gone or too slow; nothing more need be sent.
  virtual Awaitable<bool> send(const std::vector<cache::Slice>& slices) = 0;
  // The body is whole.  False as send().  An answer that never came here is aborted: HTTP/1 closes
  // the connection, HTTP/2 resets the stream, so that no client takes it for whole.
  virtual Awaitable<bool> finish() = 0;
};

}  // namespace edge::serve
