#include "edge/serve/ask.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/serve/filtered.h"
#include "edge/serve/forward.h"
#include "edge/tier/caller.h"

namespace edge::serve {

using gslb::Unexpected;

origin::Awaitable<gslb::Result<Asked, cache::FetchFailure>> ask(Worker& worker,
                                                                const FetchPlan& plan,
                                                                http::RequestHead request) {
  Asked asked;
  asked.moments.request_sent = std::chrono::system_clock::now();
  asked.exchange = std::make_unique<Upstream>(worker, *plan.origin, plan.route, plan.flight);
  const origin::Exchange::Status sent =
      co_await asked.exchange->send_head(std::move(request), true);
  if (!sent) {
    const origin::OriginError error = sent.error();
    co_return Unexpected(cache::FetchFailure{origin::status_for(error), origin::describe(error)});
  }
  auto head = co_await asked.exchange->read_head();
  while (head && head->status < 200) {
    http::remove_hop_by_hop_of_response(head->fields);
    plan.flight->tell(std::move(*head));
    head = co_await asked.exchange->read_head();
  }
  if (!head) {
    worker.counters.origin_octets.add(asked.exchange->octets_read());
    const origin::OriginError error = head.error();
    co_return Unexpected(cache::FetchFailure{origin::status_for(error), origin::describe(error)});
  }
  asked.moments.response_received = std::chrono::system_clock::now();
  asked.head = std::move(*head);
  co_return asked;
}

http::RequestHead head_for(const Worker& worker, const FetchPlan& plan) {
  ForwardOptions options;
  options.name = worker.shared.name;
  options.client = plan.client;
  options.origin = plan.origin;
  options.for_cache = true;
  options.validate = plan.stale.get();
  options.range = plan.ask.range;
  options.if_range = plan.ask.if_range;
  // Another edge does by itself what it says it does.
  if (!plan.request.fields.has(tier::kEdgeField)) {
    tell_of_filters(options, plan.config->filters_for(plan.request.site_host()));
  }
  return origin_request(plan.request, options);
}

bool is_server_error(int status) noexcept {
  return status == 500 || (status >= 502 && status <= 504);
}

}  // namespace edge::serve
