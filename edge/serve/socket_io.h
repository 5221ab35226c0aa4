// Octets to and from a client's socket, in the clear or by TLS, without deadlines.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/origin/awaitable.h"
#include "edge/report/counters.h"
#include "edge/serve/socket_writer.h"
#include "edge/serve/tls_stream.h"

namespace edge::serve {

using origin::Awaitable;

// Waits until the socket is ready; false: cancelled.
class SocketWait {
 public:
  enum class What : std::uint8_t { kRead, kWrite };
  virtual ~SocketWait() = default;
  virtual Awaitable<bool> wait_for(What what) = 0;
};

// Worker-confined.  At most one read and one write at a time.
class SocketIo {
 public:
  // `descriptor`: does not block.  All must outlive it.
  SocketIo(int descriptor, SocketWait& wait, report::WorkerCounters& counters)
      : descriptor_(descriptor), wait_(wait), counters_(counters) {}

  // From now on all goes by TLS; `ssl` as TlsStream takes it.  False: there is no TLS to be had
  // with this client.
  Awaitable<bool> shake_hands(ssl_st* ssl);
  // Null: in the clear.
  TlsStream* tls() noexcept { return tls_.get(); }
  const TlsStream* tls() const noexcept { return tls_.get(); }

  // Appends at least one octet; 0: the end, an error or cancelled.  REQUIRES: tls().
  Awaitable<std::size_t> read_tls(std::string& buffer);
  // Appends what is there already, in the clear; 0: nothing, or what the next read will see.
  std::size_t read_rest(std::string& buffer);

  // Writes all pieces, gathered, as far as the socket takes them now.  0, or an errno; EAGAIN:
  // finish_write() does the rest.
  int write(const std::vector<std::string_view>& pieces);
  // The same of slices with text before and behind; those in memory files are not copied.
  int write_body(std::string_view before, const std::vector<cache::Slice>& slices,
                 std::string_view behind);
  // What was given must stay until it has ended.  0, or an errno; ECANCELED: cancelled.
  Awaitable<int> finish_write();

 private:
  TlsStream::Step read_record(std::string& buffer, std::size_t& count);
  Awaitable<bool> wait_after(TlsStream::Step step);
  int write_on();
  int write_on_tls();

  const int descriptor_;
  SocketWait& wait_;
  report::WorkerCounters& counters_;
  SocketWriter writer_;
  std::unique_ptr<TlsStream> tls_;
  std::vector<std::string_view> tls_pieces_;  // what is being written by TLS
  std::size_t tls_sent_ = 0;                  // of it
  std::size_t tls_left_ = 0;
  SocketWait::What awaited_ = SocketWait::What::kWrite;
};

}  // namespace edge::serve
