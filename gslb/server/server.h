// The name server's front: workers that move messages between sockets and handlers.
//
// Source: RFC 1035 4.2 (transports), RFC 7766 (TCP), RFC 7858 (TLS), RFC 9715 (no fragments).
//
// Every worker is one thread with its own UDP socket and TCP listener per endpoint
// (SO_REUSEPORT): the kernel spreads the clients, workers share nothing.
#pragma once

#include <memory>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/base/published.h"
#include "gslb/server/handler.h"
#include "gslb/server/options.h"
#include "gslb/server/server_counters.h"

namespace gslb::server {

class Worker;

// Control-thread-only, but for counters().
class Server {
 public:
  Server(ServerOptions options, HandlerFactory factory);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens every socket, then starts the workers.  On any error (address in use, no such address,
  // no permission …) all of them are reported and nothing is left open or running.  An endpoint
  // that another process listens on is an error even where that one would share it.
  // REQUIRES: not started before.
  [[nodiscard]] Problems start();

  // What start() bound, in the order of options.listen, real ports.
  const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
  // The same of options.listen_tls.
  const std::vector<Endpoint>& tls_endpoints() const noexcept { return tls_endpoints_; }

  // Connections accepted from now on see this certificate; not null.
  void set_tls(std::shared_ptr<const TlsContext> tls);

  // Every worker begins a batch soon, whether it is asked something or not.
  void nudge() noexcept;

  unsigned workers() const noexcept { return static_cast<unsigned>(counters_.size()); }
  // Valid as long as this object, from any thread.  REQUIRES: worker < workers(), started.
  const ServerCounters& counters(unsigned worker) const noexcept { return *counters_[worker]; }

  // Takes no more work, answers what has already arrived, sends what is pending within
  // options.drain, joins.  Idempotent.
  void stop() noexcept;

 private:
  void open_sockets(Worker& worker, Problems& problems) const;

  ServerOptions options_;
  HandlerFactory factory_;
  Published<TlsContext> tls_;
  std::vector<Endpoint> endpoints_;
  std::vector<Endpoint> tls_endpoints_;
  std::vector<std::unique_ptr<ServerCounters>> counters_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace gslb::server
