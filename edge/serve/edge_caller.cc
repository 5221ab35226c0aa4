#include "edge/serve/edge_caller.h"

#include <chrono>

namespace edge::serve {

int admit_edge(Worker& worker, const http::RequestHead& request,
               std::optional<tier::Caller>& caller) {
  const std::shared_ptr<const tier::Router> router = worker.shared.peers.router();
  if (!router) { return 0; }
  const auto now = std::chrono::system_clock::now();
  auto shown = tier::verify_caller(router->tier().key, request, now);
  if (!shown) {
    worker.counters.edge_refusals[static_cast<std::size_t>(shown.error())].add();
    return 403;
  }
  worker.counters.edge_requests.add();
  const bool too_far = shown->level / tier::kLevelsOfTier > router->tier().max_hops;
  if (too_far && !shown->orders()) { return 508; }
  if (request.target == tier::kProbePath) { return worker.shared.keep_alive() ? 200 : 503; }
  caller = std::move(*shown);
  return 0;
}

}  // namespace edge::serve
