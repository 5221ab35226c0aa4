// A client's connection as a protocol sees it: octets both ways, every wait bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/serve/worker.h"

namespace edge::serve {

using origin::Awaitable;

// Worker-confined; outlives the protocol that runs on it.  At most one read and one write at a
// time.
class Transport {
 public:
  virtual ~Transport() = default;

  // Appends what comes next, at least one octet.  False: the end, an error, or the deadline.
  virtual Awaitable<bool> read(std::string& buffer) = 0;
  // From now on read() has until then; MonoTime::max(): for ever.  Cheap.
  virtual void set_read_deadline(gslb::MonoTime deadline) = 0;
  // The last read() or write() ended by its deadline.
  virtual bool timed_out() const = 0;
  // All pieces in one gathered write, within the write timeout; they must stay valid until it is
  // done.  False: the client is gone or too slow.
  virtual Awaitable<bool> write(const std::vector<std::string_view>& pieces) = 0;
  // The same of a body's slices, with text before and behind.
  virtual Awaitable<bool> write_body(std::string_view before,
                                     const std::vector<cache::Slice>& slices,
                                     std::string_view behind) = 0;
  // After the last write: what the client still sends is read and dropped for a moment, for a
  // close with unread octets resets the connection and may take the answer along.
  virtual Awaitable<void> linger(std::string& buffer) = 0;

  // What is being read or written fails now.
  virtual void cancel() = 0;

  // True while it waits for a request: then it may be ended from outside.
  virtual void set_idle(bool idle) = 0;
  // An answer with this status is about to be sent; it counts among those to the client's network.
  virtual void note_answer(int status) = 0;
  // True when requests come in over TLS.
  virtual bool is_secure() const = 0;
  // False when who asks for that host should be shown other certificates (RFC 9110 7.4).
  virtual bool is_for(std::string_view host) const = 0;
  // The client's address as text.
  virtual const std::string& peer() const = 0;
};

}  // namespace edge::serve
