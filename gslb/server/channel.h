// How the octets of one connection travel: plainly or in TLS.
//
// Why a seam here: framing, limits, streams and turns are the same for both (tcp.h), and TLS on a
// non-blocking socket may want to write where it reads.
#pragma once

#include "gslb/base/bytes.h"

namespace gslb::server {

// Worker-confined.  Does not own the descriptor.
class Channel {
 public:
  enum class Step : std::uint8_t {
    kDone,
    kWantRead,   // nothing more until the socket is readable
    kWantWrite,  // nothing more until it is writable
    kEnd,        // the peer has ended it
    kFailed,     // broken; nothing more may be sent
  };
  struct Moved {
    std::size_t octets = 0;
    Step step = Step::kDone;
  };

  virtual ~Channel() = default;
  // To be called until kDone before anything else.
  virtual Step open() noexcept = 0;
  // What has arrived, as far as there is room.  kDone: octets > 0, and if there is more, the
  // descriptor is readable.  REQUIRES: into.size() >= kMinReceiveRoom
  virtual Moved receive(MutableOctets into) noexcept = 0;
  // kWantWrite: the socket took no more than `octets`; the next call must begin with the rest.
  virtual Moved send(Octets from) noexcept = 0;
  // Says goodbye where the protocol has a word for it.
  virtual void close() noexcept = 0;

  static constexpr std::size_t kMinReceiveRoom = 65536;
};

// Plain TCP.
class PlainChannel final : public Channel {
 public:
  void attach(int fd) noexcept { fd_ = fd; }
  Step open() noexcept override { return Step::kDone; }
  Moved receive(MutableOctets into) noexcept override;
  Moved send(Octets from) noexcept override;
  void close() noexcept override {}

 private:
  int fd_ = -1;
};

}  // namespace gslb::server
