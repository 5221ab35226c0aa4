#include "edge/serve/upstream.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::serve {
namespace {

using origin::OriginError;
using tier::HopKind;

// Nothing of the request can have arrived.
bool never_left(OriginError error) {
  return error == OriginError::kResolve || error == OriginError::kConnect ||
         error == OriginError::kConnectTimeout || error == OriginError::kTls;
}

// What the edge next to us says of itself: the last member of the list.
std::string_view last_status(const std::string& list) {
  std::string_view rest = list;
  std::string_view last;
  while (const auto member = http::next_element(rest)) { last = *member; }
  return last;
}

bool has_parameter(std::string_view member, std::string_view name) {
  while (true) {
    const std::size_t end = member.find(';');
    if (end == member.npos) { return false; }
    member = http::trim(member.substr(end + 1));
    if (member.starts_with(name) && (member.size() == name.size() || member[name.size()] == ';' ||
                                     member[name.size()] == '=' || member[name.size()] == ' ')) {
      return true;
    }
  }
}

}  // namespace

tier::Route route_for(const RequestScope& scope, const config::Origin& origin,
                      std::string_view key) {
  tier::Route route;
  if (!origin.tiered || !scope.config->tier) { return route; }
  route.router = scope.worker.shared.peers.router();
  if (!route.router) { return route; }
  const tier::Caller* const caller = scope.caller ? &*scope.caller : nullptr;
  const std::shared_ptr<const tier::Router> router = std::move(route.router);
  route = router->route({key, caller, scope.request.fields}, std::chrono::steady_clock::now());
  route.router = router;
  return route;
}

Upstream::Upstream(Worker& worker, const config::Origin& origin, tier::Route route,
                   cache::FlightRef flight)
    : worker_(worker), origin_(origin), route_(std::move(route)), flight_(std::move(flight)) {}
Upstream::~Upstream() = default;

Awaitable<Upstream::Status> Upstream::send_head(http::RequestHead head, bool retriable) {
  head_ = std::move(head);
  retriable_ = retriable;
  return open();
}

// The next that can be connected to.
Awaitable<Upstream::Status> Upstream::open() {
  while (next_ < route_.hops.size()) {
    const tier::Hop& hop = route_.hops[next_++];
    // What follows the flight may be what this hop would wait for.
    if (flight_ && hop.level <= flight_->risen()) { continue; }
    const Status sent = co_await ask_peer(hop);
    if (sent) { co_return sent; }
    end_call(PeerResult::kFailed);
    if (!retriable_ && !never_left(sent.error())) { co_return sent; }
  }
  if (!route_.to_origin) { co_return gslb::Unexpected(OriginError::kEdge); }
  ++next_;
  co_return co_await ask_origin();
}

Awaitable<Upstream::Status> Upstream::ask_peer(const tier::Hop& hop) {
  const config::Origin& to = hop.member->peer->origin;
  const tier::Router& router = *route_.router;
  http::RequestHead head = head_;
  // It knows of the site itself what is to be rewritten.
  head.fields.set("Host", head.host);
  if (!origin_.host.empty()) { head.fields.remove("X-Forwarded-Host"); }
  const tier::Caller self{router.self(), hop.level, head_.secure};
  head.fields.set(tier::kEdgeField, tier::sign_caller(router.tier().key, self, head,
                                                      std::chrono::system_clock::now()));
  hop_ = hop.kind;
  if (flight_) { flight_->rise_to(static_cast<tier::Level>(hop.level - 1)); }
  call_ = tier::PeerCall(hop.member->state, std::chrono::steady_clock::now());
  exchange_ = worker_.origin.exchange(to);
  return exchange_->send_head(std::move(head), retriable_);
}

Awaitable<Upstream::Status> Upstream::ask_origin() {
  hop_ = HopKind::kOrigin;
  if (flight_) { flight_->rise_to(tier::kTerminal); }
  exchange_ = worker_.origin.exchange(origin_);
  worker_.counters.origin_fetches.add();
  return exchange_->send_head(std::move(head_), retriable_);
}

Awaitable<Upstream::Status> Upstream::send_body(std::string_view octets) {
  return exchange_->send_body(octets);
}

bool Upstream::has_next() const noexcept {
  return next_ < route_.hops.size() || (next_ == route_.hops.size() && route_.to_origin);
}

void Upstream::skip_edges() noexcept { next_ = route_.hops.size(); }

// A response, or an edge's own word that it has none.  An edge that could not reach the origin has
// tried everything there was for it: only from another place, by ourselves, it is worth a try.
Upstream::Verdict Upstream::judge(const http::ResponseHead& head) const {
  if (hop_ == HopKind::kOrigin || head.status < 400) { return Verdict::kAnswer; }
  const std::string list = head.fields.joined("Cache-Status");
  const std::string_view status = last_status(list);
  if (has_parameter(status, "hit") || has_parameter(status, "fwd")) { return Verdict::kAnswer; }
  switch (head.status) {
    case 403:  // our signature is not its
    case 421:  // it does not serve this host
    case 429:
    case 503:  // sheds load
    case 508:  // was asked in a circle
      return Verdict::kNext;
    case 502:
    case 504:
      return hop_ == HopKind::kParent   ? Verdict::kOrigin
             : hop_ == HopKind::kHolder ? Verdict::kNext
                                        : Verdict::kEnd;
    default:
      return Verdict::kAnswer;
  }
}

void Upstream::end_call(PeerResult result) { call_.end(result); }

Awaitable<gslb::Result<http::ResponseHead, OriginError>> Upstream::read_head() {
  while (true) {
    auto head = co_await exchange_->read_head();
    const Verdict verdict = head                       ? judge(*head)
                            : hop_ == HopKind::kOrigin ? Verdict::kAnswer
                                                       : Verdict::kNext;
    if (verdict == Verdict::kAnswer) {
      if (head && head->status >= 200 && hop_ != HopKind::kOrigin) {
        const std::string list = head->fields.joined("Cache-Status");
        served_ = has_parameter(last_status(list), "hit") ? PeerResult::kHit : PeerResult::kServed;
        if (head->status == 304) { end_call(served_); }  // nobody reads a body
      }
      co_return head;
    }
    end_call(head ? PeerResult::kPassed : PeerResult::kFailed);
    if (verdict == Verdict::kOrigin) { skip_edges(); }
    if (verdict == Verdict::kEnd || !retriable_ || !has_next()) {
      // A page of another edge's is no answer of the origin's, but the client of a request that
      // can't be repeated may see it.
      if (head && !retriable_) { co_return head; }
      co_return gslb::Unexpected(OriginError::kEdge);
    }
    const Status opened = co_await open();
    if (!opened) { co_return gslb::Unexpected(opened.error()); }
  }
}

Awaitable<gslb::Result<bool, OriginError>> Upstream::read_body(std::string& out) {
  auto more = co_await exchange_->read_body(out);
  if (!more) {
    end_call(PeerResult::kFailed);
  } else if (!*more) {
    end_call(served_);
  }
  co_return more;
}

std::uint64_t Upstream::octets_read() const {
  return exchange_ && hop_ == HopKind::kOrigin ? exchange_->octets_read() : 0;
}

}  // namespace edge::serve
