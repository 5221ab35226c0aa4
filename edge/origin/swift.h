// OpenStack Swift as an origin: hosts become containers, containers become web sites.
//
// Source: Swift's middleware staticweb (2.30), whose answers these are; TempAuth's v1 tokens.
//
// With an account of its own the edge reads containers' settings by HEAD, decides by their ACL who
// may read, and is the static web itself.  Without one Swift decides and answers; only what names
// Swift's own paths is rewritten.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "edge/origin/awaitable.h"
#include "edge/origin/client.h"
#include "edge/origin/swift_site.h"

namespace edge::origin {

// What one worker knows of one Swift site: its token and its containers.  Worker-confined.
class SwiftSession {
 public:
  // Plain exchanges with the proxy, or with who gives tokens.
  enum class Peer : std::uint8_t { kProxy, kAuth };
  using Connect = std::function<std::unique_ptr<Exchange>(Peer)>;
  // `loop` and `origin`, which has a Swift, must outlive it.
  SwiftSession(boost::asio::io_context& loop, const config::Origin& origin, Connect connect);
  ~SwiftSession();
  SwiftSession(const SwiftSession&) = delete;
  SwiftSession& operator=(const SwiftSession&) = delete;

  const config::Swift& swift() const noexcept;
  // An account of its own is configured.
  bool has_account() const noexcept { return swift().auth.has_value(); }

  using ContainerRef = std::shared_ptr<const SwiftContainer>;
  // Its settings, at most swift().container_ttl_ms old; a minute older where Swift does not
  // answer.  Null: nobody knows.
  Awaitable<ContainerRef> container(SwiftPlace place);

  struct Answer {
    std::unique_ptr<Exchange> exchange;
    gslb::Result<http::ResponseHead, OriginError> head;
  };
  // Of the proxy, asked with the token, which is renewed once when it is refused.  `request`: safe
  // and without a body, its target Swift's.
  Awaitable<Answer> ask(http::RequestHead request);

 private:
  struct State;
  Awaitable<bool> renew_token();
  Awaitable<bool> renew_token_v1();
  Awaitable<bool> renew_token_v3();
  void keep_token(const std::string& token, std::int64_t life_s);
  Awaitable<bool> wait_for_token();
  Awaitable<Answer> ask_once(http::RequestHead request);
  std::unique_ptr<State> state_;
};
using SwiftSessionRef = std::shared_ptr<SwiftSession>;

// 0: a request for that host and from that page may be answered, also from a store; else the status
// of the refusal.
Awaitable<int> swift_verdict(SwiftSessionRef session, std::string host, std::string referer);

// A client's request, answered as the static web would.
std::unique_ptr<Exchange> swift_exchange(SwiftSessionRef session);

}  // namespace edge::origin
