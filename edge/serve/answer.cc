#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/serve/customer.h"
#include "edge/serve/edge_caller.h"
#include "edge/serve/request_scope.h"
#include "edge/serve/steps.h"

namespace edge::serve {
namespace {

// What says it is of another edge, and has to show it.
Awaitable<bool> answer_edge(Worker& worker, ClientIo& client, const http::RequestHead& request,
                            http::Framing body) {
  std::optional<tier::Caller> caller;
  const int status = admit_edge(worker, request, caller);
  if (status != 0) {
    RequestScope scope(worker, client, request, body);
    co_return co_await scope.respond_with_page(status, "", "edge");
  }
  // As its client asked for it.
  http::RequestHead asked = request;
  if (caller) { asked.secure = caller->secure; }
  co_return co_await answer_as(worker, client, asked, body, {caller ? &*caller : nullptr, false});
}

// For a name of this cluster; `host`: what is meant by it.
Awaitable<bool> answer_redirected(Worker& worker, ClientIo& client,
                                  const http::RequestHead& request, http::Framing body,
                                  std::string host) {
  http::RequestHead asked = request;
  asked.host = std::move(host);
  co_return co_await answer_as(worker, client, asked, body, {nullptr, true});
}

Awaitable<bool> answer_customer(Worker& worker, ClientIo& client, const http::RequestHead& request,
                                http::Framing body) {
  http::RequestHead asked = request;
  const int status = co_await follow_alias(worker, asked);
  if (status != 0) {
    RequestScope scope(worker, client, request, body);
    co_return co_await scope.respond_with_page(status, "nobody knows this host now", "customers");
  }
  co_return co_await answer_as(worker, client, asked, body, {});
}

}  // namespace

// No coroutine of its own: a hit pays for none.
Awaitable<bool> answer(Worker& worker, ClientIo& client, const http::RequestHead& request,
                       http::Framing body) {
  if (request.fields.has(tier::kEdgeField)) { return answer_edge(worker, client, request, body); }
  if (const auto host = worker.config->redirected_host(request.host)) {
    return answer_redirected(worker, client, request, body, std::string(*host));
  }
  if (may_be_customers(*worker.config, request)) {
    return answer_customer(worker, client, request, body);
  }
  return answer_as(worker, client, request, body, {});
}

}  // namespace edge::serve
