#include "edge/serve/elsewhere.h"

#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::serve {
namespace {

using config::Redirect;

// Long enough for what a client fetches next, short enough for a drain that has ended.
constexpr std::string_view kAltSvcAge = "; ma=60";

std::string url_at(const RequestScope& scope, std::string_view cluster) {
  const config::TargetPattern& target = scope.config->redirect->target;
  const std::string_view host = config::without_port(scope.request.host);
  return target.scheme + "://" + target.authority_at(cluster, host) + scope.request.target;
}

}  // namespace

bool was_sent_here(const http::RequestHead& request) noexcept {
  return request.fields.has("Alt-Used");
}

std::optional<std::string> elsewhere(RequestScope& scope, std::optional<std::uint64_t> octets) {
  const std::optional<Redirect>& rules = scope.config->redirect;
  if (!rules || !scope.may_redirect || scope.caller != nullptr) { return std::nullopt; }
  if (!rules->all && octets.value_or(0) < rules->octets) { return std::nullopt; }
  const auto client = gslb::Address::parse(scope.client.peer());
  if (!client) { return std::nullopt; }
  const std::string_view cluster = rules->cluster_for(*client, scope.worker.shared.keep_alive());
  if (cluster.empty() || cluster == scope.config->edge.cluster) { return std::nullopt; }
  if (rules->answer != Redirect::Answer::kAltSvc) { return url_at(scope, cluster); }
  // Of use to HTTP/2 and later alone, and these come by TLS.
  if (scope.request.secure && rules->target.scheme == "https") {
    scope.alt_svc = "h2=\"" +
                    rules->target.name_at(cluster, config::without_port(scope.request.host)) + ':' +
                    std::to_string(rules->target.port) + '"' + std::string(kAltSvcAge);
  }
  return std::nullopt;
}

std::optional<std::string> where_there_is_room(const RequestScope& scope) {
  const std::optional<Redirect>& rules = scope.config->redirect;
  const bool may_be_sent = scope.request.method == "GET" || scope.request.method == "HEAD";
  if (!rules || !rules->overload || !may_be_sent || !scope.may_redirect ||
      scope.caller != nullptr || rules->spill == scope.config->edge.cluster) {
    return std::nullopt;
  }
  return url_at(scope, rules->spill);
}

Awaitable<bool> send_elsewhere(RequestScope& scope, std::string url) {
  using Answer = Redirect::Answer;
  const bool temporary = scope.config->redirect->answer == Answer::kTemporary;
  scope.worker.counters.redirects.add();
  http::ResponseHead head = own_response(temporary ? 307 : 302);
  head.fields.add("Location", std::move(url));
  return scope.respond_with(std::move(head), "another cluster is to serve it", "redirect");
}

}  // namespace edge::serve
