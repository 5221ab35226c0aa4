#include "edge/serve/tell_siblings.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/serve/learn.h"
#include "edge/serve/purge_method.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using RouterRef = std::shared_ptr<const tier::Router>;
using Result = tier::PeerState::Result;

// Whoever has so much to do already is told no more: it would hear of it too late anyway.
constexpr std::int64_t kMostInFlight = 1'000;

http::RequestHead order_for(const tier::Router& router, std::string_view key) {
  http::RequestHead head;
  head.secure = cache::is_secure_key(key);
  const std::string both = cache::purge_target_of(key);
  const std::size_t space = both.find(' ');
  head.method = "PURGE";
  head.host = both.substr(0, space);
  head.target = both.substr(space + 1);
  head.fields.add("Host", head.host);
  head.fields.add("CDN-Loop", router.self());
  head.fields.add(std::string(tier::kEdgeField),
                  tier::sign_caller(router.tier().key, {router.self(), tier::kOrder, head.secure},
                                    head, std::chrono::system_clock::now()));
  return head;
}

Awaitable<void> tell(Worker& worker, RouterRef router, const tier::Member& member,
                     std::string key) {
  tier::PeerCall call(member.state, std::chrono::steady_clock::now());
  const auto exchange = worker.origin.exchange(member.peer->origin);
  const auto sent = co_await exchange->send_head(order_for(*router, key), true);
  bool good = sent.has_value();
  if (good) {
    const auto head = co_await exchange->read_head();
    good = head && head->status == 200;
  }
  std::string octets;
  for (bool more = good; more;) {
    const auto read = co_await exchange->read_body(octets);
    more = read && *read;
  }
  call.end(good ? Result::kServed : Result::kFailed);
}

}  // namespace

void tell_siblings(const RequestScope& scope, const std::vector<std::string>& keys) {
  const RouterRef router = scope.worker.shared.peers.router();
  if (!router) { return; }
  const auto& siblings = router->siblings();
  const bool was_told =
      scope.caller != nullptr &&
      std::any_of(siblings.begin(), siblings.end(), [&](const tier::Member& member) {
        return member.peer->name == scope.caller->name;
      });
  if (was_told) { return; }
  const auto now = std::chrono::steady_clock::now();
  for (const tier::Member& member : siblings) {
    if (!member.state->is_usable(now) || member.state->in_flight() > kMostInFlight) { continue; }
    for (const std::string& key : keys) {
      asio::co_spawn(scope.worker.loop, tell(scope.worker, router, member, key), asio::detached);
    }
  }
}

Awaitable<bool> answer_told(RequestScope& scope) {
  const http::RequestHead& request = scope.request;
  std::vector<cache::Purge> purges;
  end_stored(scope.worker.shared, cache::primary_key(request.host, request.target, request.secure),
             purges);
  PurgeOutcome outcome = PurgeOutcome::kKept;
  if (!purges.empty()) { outcome = co_await carry_out(scope.worker, std::move(purges)); }
  if (outcome != PurgeOutcome::kKept) {
    co_return co_await scope.respond_with_page(500, "a restart may bring it back", "purge");
  }
  co_return co_await scope.respond_with_page(200, "purged", "purge");
}

}  // namespace edge::serve
