// What one worker keeps for one origin: idle connections, by server.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/origin/backends.h"
#include "edge/origin/connection.h"
#include "edge/origin/directory.h"
#include "edge/origin/s3.h"
#include "edge/origin/swift.h"

namespace edge::origin {

// Worker-confined.  Exchanges share it, so it may outlive its configuration.
struct OriginPool : std::enable_shared_from_this<OriginPool> {
  OriginPool(boost::asio::io_context& io, Directory& of, std::shared_ptr<Backends> servers);

  const config::Origin& origin() const noexcept { return backends->origin(); }
  // The newest idle connection that still lives: old ones die of their age.
  ConnectionRef take_idle(std::size_t server);
  void give_back(std::size_t server, ConnectionRef connection);
  // Nothing is kept from now on.
  void retire();
  TlsContext& tls();

  boost::asio::io_context& loop;
  Directory& directory;
  const std::shared_ptr<Backends> backends;
  std::vector<std::deque<ConnectionRef>> idle;
  std::shared_ptr<TlsContext> context;
  bool retired = false;
  std::unique_ptr<SwiftSession> swift;  // made when first needed
  std::unique_ptr<S3Session> s3;        // likewise
};

// A plain exchange with the servers of a pool: chooses among them, waits for room, tries others.
std::unique_ptr<Exchange> http_exchange(std::shared_ptr<OriginPool> pool);

// Where a connection is to go.  All of it must outlive the coroutine.
struct Dial {
  boost::asio::io_context& loop;
  Directory& directory;
  const config::Origin& origin;
  std::size_t server;
  TlsContext* tls;  // for https
};
// Looks the server up, connects, shakes hands; the address book learns of it.
Awaitable<Exchange::Status> connect_to(Connection& connection, Dial dial);

}  // namespace edge::origin
