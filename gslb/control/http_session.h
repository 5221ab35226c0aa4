// One client of the admin listener, from its first octet to its last.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "gslb/control/http_server.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace gslb::control {

// What the listener can ask of a session.
class HttpSession {
 public:
  // Ends it now if it waits for a request, else after the response in progress.
  virtual void finish() = 0;
  // Ends it now.
  virtual void abort() = 0;

 protected:
  ~HttpSession() = default;
};

// What sessions share.  Confined to the server's thread.
struct HttpHost {
  const HttpOptions& options;
  const HttpHandler& handler;
  std::set<HttpSession*> sessions;  // each enters and leaves by itself
  bool draining = false;
  std::function<void()> on_session_end;
};

// Serves the connected socket `fd`, which it takes over; with TLS if there is a context.
// `host` must outlive the io_context's run.
void spawn_http_session(boost::asio::io_context& io, int fd, const Endpoint& peer,
                        std::shared_ptr<boost::asio::ssl::context> tls, HttpHost& host);

}  // namespace gslb::control
