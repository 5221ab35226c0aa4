#include "edge/origin/client.h"

#include <unordered_map>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/origin/directory.h"
#include "edge/origin/origin_pool.h"
#include "edge/origin/rewriting.h"
#include "edge/origin/swift.h"

namespace edge::origin {

using OriginPoolRef = std::shared_ptr<OriginPool>;

struct Pool {
  Pool(boost::asio::io_context& io, Directory& of) : loop(io), directory(of), customers(io, of) {}

  OriginPoolRef of(const config::Origin& origin) {
    const auto known = origins.find(&origin);
    if (known != origins.end()) { return known->second; }
    // Of a configuration that is current no more: a pool of its own, which keeps nothing.
    auto pool = std::make_shared<OriginPool>(loop, directory, directory.of(origin));
    pool->retired = true;
    return pool;
  }

  boost::asio::io_context& loop;
  Directory& directory;
  Customers customers;
  std::unordered_map<const config::Origin*, OriginPoolRef> origins;  // the current
};

namespace {

// The pool and its session live and die together.
SwiftSessionRef swift_session(OriginPoolRef pool) {
  if (!pool->swift) {
    const auto connect = [own = pool.get()](SwiftSession::Peer peer) {
      OriginPoolRef to = own->shared_from_this();
      if (peer == SwiftSession::Peer::kAuth) {
        config::Origin auth = own->origin();
        auth.servers.assign(1, {});
        auth.servers.front().url = *auth.swift->auth;
        to = std::make_shared<OriginPool>(own->loop, own->directory,
                                          std::make_shared<Backends>(auth));
        to->retired = true;
      }
      return http_exchange(std::move(to));
    };
    pool->swift = std::make_unique<SwiftSession>(pool->loop, pool->origin(), connect);
  }
  SwiftSession* const session = pool->swift.get();
  return {std::move(pool), session};
}

// As swift_session().
S3SessionRef s3_session(OriginPoolRef pool) {
  if (!pool->s3) {
    const auto connect = [own = pool.get()] { return http_exchange(own->shared_from_this()); };
    pool->s3 = std::make_unique<S3Session>(S3Session{pool->origin(), connect});
  }
  S3Session* const session = pool->s3.get();
  return {std::move(pool), session};
}

std::unique_ptr<Exchange> plain_exchange(const OriginPoolRef& pool) {
  if (pool->origin().swift) { return swift_exchange(swift_session(pool)); }
  if (pool->origin().s3) { return s3_exchange(s3_session(pool)); }
  return http_exchange(pool);
}

// The rules outlive their configuration when the exchange does.
std::unique_ptr<Exchange> dressed(const OriginPoolRef& pool, std::unique_ptr<Exchange> exchange) {
  if (!has_rules(pool->origin())) { return exchange; }
  const std::shared_ptr<const config::Origin> rules(pool, &pool->origin());
  return rewriting_exchange(std::move(exchange), rules);
}

}  // namespace

Client::Client(boost::asio::io_context& loop, Directory& directory)
    : pool_(std::make_shared<Pool>(loop, directory)) {}
Client::~Client() { shut_down(); }

std::unique_ptr<Exchange> Client::exchange(const config::Origin& origin) {
  const OriginPoolRef pool = pool_->of(origin);
  return dressed(pool, plain_exchange(pool));
}

Awaitable<int> Client::verdict(const config::Origin& origin, const http::RequestHead& request) {
  return swift_verdict(swift_session(pool_->of(origin)), request.site_host(),
                       request.fields.joined("Referer"));
}

Awaitable<CustomerHost> Client::customer_host(config::ConfigRef config,
                                              const http::RequestHead& request) {
  return pool_->customers.find(std::move(config), request.host);
}

void Client::renew(const config::Config& config) {
  auto before = std::exchange(pool_->origins, {});
  std::unordered_map<const Backends*, OriginPoolRef> known;
  for (auto& [origin, pool] : before) { known[pool->backends.get()] = std::move(pool); }
  const auto add = [&](const config::Origin& origin) {
    auto backends = pool_->directory.of(origin);
    const auto same = known.find(backends.get());
    if (same == known.end()) {
      pool_->origins[&origin] =
          std::make_shared<OriginPool>(pool_->loop, pool_->directory, std::move(backends));
      return;
    }
    // Its files may be others by now.
    same->second->context.reset();
    pool_->origins[&origin] = std::move(same->second);
    known.erase(same);
  };
  for (const config::Origin* origin : config.origins()) { add(*origin); }
  for (const auto& [backends, pool] : known) { pool->retire(); }
}

void Client::shut_down() {
  for (const auto& [origin, pool] : pool_->origins) { pool->retire(); }
}

}  // namespace edge::origin
