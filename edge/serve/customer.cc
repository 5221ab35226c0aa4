#include "edge/serve/customer.h"

#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::serve {

bool may_be_customers(const config::Config& config, const http::RequestHead& request) {
  return config.customers && config.site_for(request.host) == nullptr &&
         !config.beacon_nonce(request.host);
}

Awaitable<int> follow_alias(Worker& worker, http::RequestHead& request) {
  using Result = origin::CustomerHost::Result;
  const config::ConfigRef config = worker.config;
  origin::CustomerHost found = co_await worker.origin.customer_host(config, request);
  if (found.asked || found.result == Result::kRefused) {
    worker.counters.customer_lookups[static_cast<std::size_t>(found.result)].add();
  }
  if (found.result == Result::kNowhere) { co_return 0; }
  if (found.result != Result::kFound) { co_return 503; }
  if (config->customers->share) {
    request.fields.set("X-Forwarded-Host", request.host);
    request.host = std::move(found.host);
  } else {
    request.alias_of = std::move(found.host);
  }
  co_return 0;
}

}  // namespace edge::serve
