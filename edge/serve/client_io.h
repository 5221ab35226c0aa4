// What answering a request needs of the client's connection.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/http/message.h"
#include "edge/origin/awaitable.h"

namespace edge::serve {

using origin::Awaitable;

// Worker-confined.
class ClientIo {
 public:
  enum class BodyStatus : std::uint8_t { kData, kEnd, kBad, kTimeout, kGone };

  virtual ~ClientIo() = default;
  // One gathered write of all pieces, which must stay valid until it is done.  False: the client
  // is gone or too slow, and the connection will be closed.
  virtual Awaitable<bool> write(const std::vector<std::string_view>& pieces) = 0;
  // Replaces `out` by the next decoded octets of the request's body.
  virtual Awaitable<BodyStatus> read_body(std::string& out) = 0;
  // True when body octets are here already: no 100 (Continue) is needed then.
  virtual bool has_body_octets() const = 0;
  // An answer with this status is about to be sent; it counts among those to the client's network.
  virtual void count_answer(int status) = 0;
  // The client's address as text.
  virtual const std::string& peer() const = 0;
};

}  // namespace edge::serve
