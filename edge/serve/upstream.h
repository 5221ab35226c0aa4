// Where a response is to be had: other edges by the route, at last the origin.
//
// Source: RFC 9110 9.2.2 (which requests may be repeated), RFC 9211 2 (Cache-Status).
//
// Why an Exchange: whoever asks an origin asks the tiers in the same way, and whatever it asks for
// (the whole, a range, a validation, an unsafe method that has to end what the others stored)
// goes the same way.
#pragma once

#include <memory>

#include "edge/origin/client.h"
#include "edge/serve/request_scope.h"
#include "edge/tier/router.h"

namespace edge::serve {

// The way of a client's request for what `origin` has; without tiers straight there.
tier::Route route_for(const RequestScope& scope, const config::Origin& origin,
                      std::string_view key);

// One request, which goes on to the next edge, and to the origin, as long as nothing of an answer
// has come and it may be repeated or never left.  Worker-confined.
class Upstream final : public origin::Exchange {
 public:
  // `origin` outlives it.  `flight`: what is fetched this way and rises with it; may be null.
  Upstream(Worker& worker, const config::Origin& origin, tier::Route route,
           cache::FlightRef flight = nullptr);
  ~Upstream() override;

  // `head`: as the origin is to get it.
  Awaitable<Status> send_head(http::RequestHead head, bool retriable) override;
  Awaitable<Status> send_body(std::string_view octets) override;
  Awaitable<gslb::Result<http::ResponseHead, origin::OriginError>> read_head() override;
  Awaitable<gslb::Result<bool, origin::OriginError>> read_body(std::string& out) override;
  // Of the origin alone: what other edges send costs it nothing.
  std::uint64_t octets_read() const override;

  // Who answered, or was asked last.
  tier::HopKind hop() const noexcept { return hop_; }

 private:
  using PeerResult = tier::PeerState::Result;
  enum class Verdict : std::uint8_t { kAnswer, kNext, kOrigin, kEnd };
  Awaitable<Status> open();
  Awaitable<Status> ask_peer(const tier::Hop& hop);
  Awaitable<Status> ask_origin();
  Verdict judge(const http::ResponseHead& head) const;
  void end_call(PeerResult result);
  bool has_next() const noexcept;
  void skip_edges() noexcept;

  Worker& worker_;
  const config::Origin& origin_;
  const tier::Route route_;
  const cache::FlightRef flight_;
  http::RequestHead head_;
  bool retriable_ = false;
  std::size_t next_ = 0;  // hop; behind the last: the origin
  std::unique_ptr<origin::Exchange> exchange_;
  tier::PeerCall call_;
  tier::HopKind hop_ = tier::HopKind::kOrigin;
  PeerResult served_ = PeerResult::kServed;
};

}  // namespace edge::serve
