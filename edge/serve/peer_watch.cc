#include "edge/serve/peer_watch.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/serve/signal.h"
#include "gslb/base/log.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using RouterRef = std::shared_ptr<const tier::Router>;

// How often it is looked whether there are any by now.
constexpr gslb::milliseconds kIdle{2'000};

http::RequestHead probe_head(const tier::Router& router, const config::Url& url) {
  http::RequestHead head;
  head.method = "GET";
  head.target = tier::kProbePath;
  head.host = url.authority();
  head.fields.add("Host", head.host);
  head.fields.add("CDN-Loop", router.self());
  head.fields.add(std::string(tier::kEdgeField),
                  tier::sign_caller(router.tier().key, {router.self(), tier::kUp, url.tls}, head,
                                    std::chrono::system_clock::now()));
  return head;
}

Awaitable<void> probe(Worker& worker, RouterRef router, const tier::Member& member) {
  config::Origin origin = member.peer->origin;
  const std::int64_t timeout_ms = router->tier().probe_timeout_ms;
  origin.connect_timeout_ms = timeout_ms;
  origin.first_byte_timeout_ms = timeout_ms;
  const auto exchange = worker.origin.exchange(origin);
  int status = 0;
  const auto sent =
      co_await exchange->send_head(probe_head(*router, origin.servers.front().url), false);
  if (sent) {
    const auto head = co_await exchange->read_head();
    if (head) { status = head->status; }
  }
  const bool good = status == 200;
  if (member.state->probed(good)) {
    gslb::log(good ? gslb::LogLevel::kInfo : gslb::LogLevel::kWarning, "tier",
              good ? "edge answers again" : "edge does not answer, it is not asked",
              {{"edge", member.peer->name}, {"status", status}});
  }
}

Awaitable<void> watch(Worker& worker) {
  Signal never(worker);
  while (true) {
    const RouterRef router = worker.shared.peers.router();
    gslb::milliseconds pause = kIdle;
    if (router) {
      pause = gslb::milliseconds(router->tier().probe_interval_ms);
      for (const auto* members : {&router->siblings(), &router->parents()}) {
        for (const tier::Member& member : *members) {
          asio::co_spawn(worker.loop, probe(worker, router, member), asio::detached);
        }
      }
    }
    co_await never.wait(pause);
  }
}

void add(const std::vector<tier::Member>& members, std::string_view kind,
         std::vector<report::PeerFigures>& figures) {
  const auto now = std::chrono::steady_clock::now();
  for (const tier::Member& member : members) {
    report::PeerFigures each;
    each.name = member.peer->name;
    each.kind = kind;
    each.usable = member.state->is_usable(now);
    each.in_flight = member.state->in_flight();
    for (std::size_t i = 0; i < each.results.size(); ++i) {
      each.results[i] = member.state->count(static_cast<tier::PeerState::Result>(i));
    }
    figures.push_back(std::move(each));
  }
}

}  // namespace

void watch_peers(Worker& worker) { asio::co_spawn(worker.loop, watch(worker), asio::detached); }

std::vector<report::PeerFigures> peer_figures(const tier::Peers& peers) {
  std::vector<report::PeerFigures> figures;
  const RouterRef router = peers.router();
  if (!router) { return figures; }
  add(router->siblings(), "sibling", figures);
  add(router->parents(), "parent", figures);
  return figures;
}

}  // namespace edge::serve
