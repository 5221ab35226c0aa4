#include "edge/serve/guard.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/http/cookie.h"
#include "edge/http/glob.h"
#include "edge/serve/elsewhere.h"
#include "edge/serve/rule_book.h"

namespace edge::serve {
namespace {

double max_of(const config::Config& config, std::string_view resource) {
  for (const config::Capacity& each : config.report.capacity) {
    if (each.resource == resource) { return each.max; }
  }
  return 0;
}

// True if the request has a cookie whose name matches one of the patterns.
bool has_cookie_of(const http::Fields& request, const std::vector<std::string>& patterns) {
  if (patterns.empty()) { return false; }
  std::string_view rest = http::cookies_of(request);
  while (const auto cookie = http::next_cookie(rest)) {
    for (const std::string& pattern : patterns) {
      if (http::matches_glob(pattern, cookie->name)) { return true; }
    }
  }
  return false;
}

http::ResponseHead refusal(int status, double retry_after_s) {
  http::ResponseHead head = own_response(status);
  if (retry_after_s > 0) {
    const auto seconds = static_cast<std::int64_t>(std::ceil(retry_after_s));
    head.fields.add("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  }
  return head;
}

}  // namespace

Admitted admit(RequestScope& scope, const config::Origin& origin) {
  Admitted admitted;
  const config::Config& config = *scope.config;
  admitted.passes = has_cookie_of(scope.request.fields, config.policy_for(origin).bypass_cookies);
  // A part of a page that has been let in.
  if (scope.client.inclusion() != nullptr) { return admitted; }
  const auto now = std::chrono::steady_clock::now();
  const RuleBook& book = *scope.worker.book;
  // A request under way through a reload is judged by the configuration it began with or not at
  // all: the book is that of the current one.  What another edge asks for has been judged there.
  if (!book.empty() && scope.caller == nullptr && scope.worker.config.get() == scope.config.get()) {
    const auto client = gslb::Address::parse(scope.client.peer());
    const rules::Asked asked{scope.request, client.value_or(gslb::Address()), scope.body, now};
    admitted.verdict = book.judge(origin, asked, scope.worker.shared.rates);
    if (admitted.verdict.throttle != nullptr) { scope.throttle(*admitted.verdict.throttle); }
  }
  if (admitted.is_refused()) { return admitted; }
  const std::int64_t most = config.limits.body_octets;
  admitted.too_large = most > 0 && scope.body.kind == http::BodyKind::kLength &&
                       scope.body.length > static_cast<std::uint64_t>(most);
  if (admitted.too_large) { return admitted; }
  admitted.exhausted = scope.worker.shared.admission.refuses_request(now);
  admitted.passes = admitted.passes || admitted.verdict.kind == rules::Verdict::Kind::kPass;
  return admitted;
}

Awaitable<bool> answer_refused(RequestScope& scope, const Admitted& admitted) {
  if (admitted.exhausted) { co_return co_await shed(scope); }
  if (admitted.too_large) {
    co_return co_await scope.respond_with(own_response(413), "the body is too large", "");
  }
  const rules::Verdict& verdict = admitted.verdict;
  http::ResponseHead head = refusal(verdict.rule->status, verdict.retry_after_s);
  if (verdict.kind == rules::Verdict::Kind::kRedirect) {
    head.fields.add("Location", verdict.rule->location);
  }
  co_return co_await scope.respond_with(std::move(head), "", "rule");
}

Awaitable<bool> shed(RequestScope& scope) {
  if (auto url = where_there_is_room(scope)) {
    co_return co_await send_elsewhere(scope, std::move(*url));
  }
  const auto retry_after = static_cast<double>(scope.config->limits.retry_after_s);
  co_return co_await scope.respond_with(refusal(503, retry_after), "too busy", "overloaded");
}

rules::Admission::Bounds bounds_of(const config::Config& config) {
  rules::Admission::Bounds bounds;
  bounds.requests_per_s = max_of(config, "requests_per_s");
  bounds.egress_bits_per_s = max_of(config, "egress_bits_per_s");
  bounds.fetches = config.limits.fetches;
  return bounds;
}

std::int64_t most_connections(const config::Config& config) {
  const auto max = static_cast<std::int64_t>(max_of(config, "connections"));
  return max > 0 ? std::min(config.limits.connections, max) : config.limits.connections;
}

}  // namespace edge::serve
