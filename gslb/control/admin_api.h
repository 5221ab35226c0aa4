// The admin listener's routes: heartbeats in, metrics and status out, the operator's verbs.
//
// Source: docs/admin-api.md, docs/heartbeat.md; RFC 6750 (Bearer).  Versioned under /v1.
#pragma once

#include <string>

#include "gslb/control/http_message.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

// Thread-compatible: called from the HTTP server's thread.  `supervisor` must outlive it.
class AdminApi {
 public:
  // `token`: what operators must present; empty: only clients on loopback may use /v1 (beside the
  // heartbeat, which carries its own signature).
  AdminApi(Supervisor& supervisor, std::string token)
      : supervisor_(supervisor), token_(std::move(token)) {}

  HttpResponse handle(const HttpRequest& request);

 private:
  bool allowed(const HttpRequest& request) const;
  HttpResponse heartbeat(const HttpRequest& request);
  HttpResponse explain(const HttpRequest& request);
  HttpResponse learnt();
  HttpResponse set_admin(const HttpRequest& request, fleet::AdminState state);
  HttpResponse reload(const HttpRequest& request);
  HttpResponse monitors();
  HttpResponse resolvers();
  HttpResponse zones(const HttpRequest& request);
  HttpResponse set_token(const HttpRequest& request);
  HttpResponse operate(const HttpRequest& request);
  HttpResponse order(const HttpRequest& request);  // GET, POST
  HttpResponse secondaries(const HttpRequest& request);

  Supervisor& supervisor_;
  std::string token_;
};

}  // namespace gslb::control
