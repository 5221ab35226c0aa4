// The HTTP/1.1 client towards origins: pooled connections, a timeout for each phase, bodies
// streamed both ways, another server when one fails.
//
// Source: RFC 9112 9.3 (persistence, retries 9.3.1), RFC 9110 7.3, 9.2.2 (retries), 15.2 (interim
// responses).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/config/config.h"
#include "edge/http/message.h"
#include "edge/origin/awaitable.h"
#include "edge/origin/customers.h"
#include "gslb/base/result.h"

namespace edge::origin {

enum class OriginError : std::uint8_t {
  kResolve,  // the name has no address
  kConnect,  // refused or unreachable
  kConnectTimeout,
  kTls,               // handshake or certificate
  kSend,              // the request could not be written
  kFirstByteTimeout,  // no whole head in time
  kClosed,            // closed before a whole head
  kBadResponse,       // head or body framing that RFC 9112 forbids
  kBodyTimeout,       // stalled within the body
  kShortBody,         // closed within the body
  kAuth,              // the origin gives the edge itself no token
  kEdge,              // another edge that was asked instead could not answer either
  kBusy,              // all servers have as many requests as they may, and so has the queue
  kDeadline,          // the whole took too long
};
// 502 or 504 to the client, and a token for Cache-Status and metrics.
int status_for(OriginError error) noexcept;
std::string_view describe(OriginError error) noexcept;

inline constexpr std::size_t kMaxResponseHead = 64 * 1024;
inline constexpr std::size_t kReadOctets = 64 * 1024;
// More interim responses than this before the final one are a bad response.
inline constexpr int kMaxInterim = 16;

// One request and its response.  Worker-confined; must not outlive its Client.  Destroying it
// closes the connection unless the response was read to its end.
class Exchange {
 public:
  using Status = gslb::Result<void, OriginError>;
  virtual ~Exchange() = default;

  // Connects (or takes a pooled connection) and writes the head.  `retriable`: an idempotent
  // request without a body, which is sent again when a pooled connection turns out to be dead, and
  // as the origin's Failover says; never once a part of an answer is here.
  virtual Awaitable<Status> send_head(http::RequestHead head, bool retriable) = 0;
  // Octets of the body as framed by the head; `octets` must stay valid until it is done.
  virtual Awaitable<Status> send_body(std::string_view octets) = 0;
  // The response head, or an interim one (103 and its like; 100 is skipped): then call it again.
  virtual Awaitable<gslb::Result<http::ResponseHead, OriginError>> read_head() = 0;
  // Replaces `out` by the next decoded octets, at least one; false: the body is whole.
  virtual Awaitable<gslb::Result<bool, OriginError>> read_body(std::string& out) = 0;
  // Octets read so far, heads and framing included.
  virtual std::uint64_t octets_read() const = 0;
};

class Directory;
struct Pool;

// Worker-confined: one per event loop, with its own pool.
class Client {
 public:
  // Both must outlive it.
  Client(boost::asio::io_context& loop, Directory& directory);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `config` is current from now on: its origins have pools, which are those of equal origins
  // before.  It must stay valid until the next one is.
  void renew(const config::Config& config);
  // `origin`: of the current configuration, or of one before, whose connections are not kept.
  std::unique_ptr<Exchange> exchange(const config::Origin& origin);
  // 0: the request may be answered, also from a store; else the status of the refusal.
  // REQUIRES: the origin is a Swift.
  Awaitable<int> verdict(const config::Origin& origin, const http::RequestHead& request);
  // What a host no site names is an alias of.  REQUIRES: config->customers.
  Awaitable<CustomerHost> customer_host(config::ConfigRef config, const http::RequestHead& request);
  // Closes every idle connection; later ones are not kept.
  void shut_down();

 private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace edge::origin
