#include "edge/serve/purge_method.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include <boost/asio/awaitable.hpp>

#include "edge/cache/key_rules.h"
#include "edge/serve/keyed_purge.h"
#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

constexpr std::chrono::seconds kPatience{10};

bool may_purge(const RequestScope& scope) {
  const auto peer = gslb::Address::parse(scope.client.peer());
  const auto& allowed = scope.config->purge.allow;
  return peer && std::any_of(allowed.begin(), allowed.end(),
                             [&](const gslb::Prefix& prefix) { return prefix.contains(*peer); });
}

}  // namespace

Awaitable<PurgeOutcome> carry_out(Worker& worker, std::vector<cache::Purge> purges) {
  Signal signal(worker);
  const auto outcome = std::make_shared<std::atomic<PurgeOutcome>>(PurgeOutcome::kNotKept);
  const bool taken = worker.shared.purger->submit(
      std::move(purges), std::nullopt, [outcome, wake = signal.waker()](bool kept) {
        *outcome = kept ? PurgeOutcome::kKept : PurgeOutcome::kNotKept;
        wake();
      });
  if (!taken) { co_return PurgeOutcome::kRefused; }
  co_await signal.wait(kPatience);
  co_return *outcome;
}

Awaitable<bool> answer_purge(RequestScope& scope) {
  if (!may_purge(scope)) {
    co_return co_await scope.respond_with_page(403, "not from this address", "purge");
  }
  cache::Purge purge;
  purge.soft = scope.request.fields.has("Soft-Purge");
  purge.value = cache::key_of(key_rules_of(*scope.config, scope.request.site_host()),
                              scope.request.host, scope.request.target, false);
  PurgeOutcome outcome = PurgeOutcome::kRefused;
  if (scope.worker.shared.purger->admit(1, scope.config->purge.per_second,
                                        std::chrono::steady_clock::now())) {
    std::vector<cache::Purge> purges;
    purges.push_back(std::move(purge));
    outcome = co_await carry_out(scope.worker, std::move(purges));
  }
  switch (outcome) {
    case PurgeOutcome::kKept:
      co_return co_await scope.respond_with_page(200, "purged", "purge");
    case PurgeOutcome::kNotKept:
      co_return co_await scope.respond_with_page(500, "purged, but a restart may forget it",
                                                 "purge");
    case PurgeOutcome::kRefused:
      break;
  }
  co_return co_await scope.respond_with_page(429, "too many purges", "purge");
}

}  // namespace edge::serve
