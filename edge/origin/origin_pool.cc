#include "edge/origin/origin_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::origin {

using Clock = std::chrono::steady_clock;

OriginPool::OriginPool(boost::asio::io_context& io, Directory& of,
                       std::shared_ptr<Backends> servers)
    : loop(io),
      directory(of),
      backends(std::move(servers)),
      idle(backends->origin().servers.size()) {}

ConnectionRef OriginPool::take_idle(std::size_t server) {
  const auto oldest = Clock::now() - std::chrono::milliseconds(origin().idle_ms);
  std::deque<ConnectionRef>& kept = idle[server];
  while (!kept.empty()) {
    ConnectionRef connection = std::move(kept.back());
    kept.pop_back();
    if (connection->idle_since >= oldest && connection->is_quiet()) {
      connection->reused = true;
      return connection;
    }
    connection->close();
  }
  return nullptr;
}

void OriginPool::give_back(std::size_t server, ConnectionRef connection) {
  connection->disarm();
  if (retired || connection->requests >= origin().connection_requests) {
    connection->close();
    return;
  }
  connection->idle_since = Clock::now();
  std::deque<ConnectionRef>& kept = idle[server];
  kept.push_back(std::move(connection));
  while (kept.size() > static_cast<std::size_t>(origin().idle_connections)) {
    kept.front()->close();
    kept.pop_front();
  }
}

void OriginPool::retire() {
  retired = true;
  for (std::deque<ConnectionRef>& kept : idle) {
    for (const ConnectionRef& connection : kept) { connection->close(); }
    kept.clear();
  }
}

TlsContext& OriginPool::tls() {
  if (!context) { context = make_tls_context(origin().tls); }
  return *context;
}

Awaitable<Exchange::Status> connect_to(Connection& connection, Dial dial) {
  const config::Url& url = dial.origin.servers[dial.server].url;
  const auto began = Clock::now();
  AddressBook& book = dial.directory.addresses();
  const std::int64_t patience_ms = dial.origin.connect_timeout_ms;
  std::vector<gslb::Address> addresses =
      co_await book.addresses(dial.loop, url.host, gslb::milliseconds(patience_ms));
  if (addresses.empty()) { co_return gslb::Unexpected(OriginError::kResolve); }
  const auto used =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
  std::vector<gslb::Address> failed;
  const Exchange::Status connected = co_await connection.connect(
      addresses, url.port, std::max<std::int64_t>(1, patience_ms - used), failed);
  const auto now = Clock::now();
  for (const gslb::Address& address : failed) { book.note(url.host, address, false, now); }
  if (!connected) { co_return connected; }
  book.note(url.host, addresses[failed.size()], true, now);
  if (!url.tls) { co_return connected; }
  const std::string& name = dial.origin.tls.name;
  co_return co_await connection.shake_hands(name.empty() ? url.host : name,
                                            dial.origin.tls_timeout_ms, *dial.tls);
}

}  // namespace edge::origin
