#include "edge/serve/pass.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/cache/key_rules.h"
#include "edge/serve/filtered.h"
#include "edge/serve/guard.h"
#include "edge/serve/learn.h"
#include "edge/serve/pass_filtered.h"
#include "edge/serve/purge_method.h"
#include "edge/serve/upstream.h"

namespace edge::serve {
namespace {

using report::CacheResult;

enum class Upload : std::uint8_t {
  kDone,
  kOriginStopped,
  kClientBad,
  kClientTimeout,
  kClientGone,
  kTooLarge
};

// The request's body to the origin, framed as it came.
Awaitable<Upload> upload(RequestScope& scope, origin::Exchange& exchange) {
  const bool chunked = scope.body.kind == http::BodyKind::kChunked;
  if (scope.request.fields.has("Expect") && !scope.client.has_body_octets()) {
    http::ResponseHead go;
    go.status = 100;
    const bool sent = co_await scope.client.send_interim(go);
    if (!sent) { co_return Upload::kClientGone; }
  }
  std::string octets;
  const auto most = static_cast<std::uint64_t>(scope.config->limits.body_octets);
  std::uint64_t size = 0;
  while (true) {
    const ClientIo::BodyStatus status = co_await scope.client.read_body(octets);
    size += octets.size();
    if (most > 0 && size > most) { co_return Upload::kTooLarge; }
    if (status == ClientIo::BodyStatus::kBad) { co_return Upload::kClientBad; }
    if (status == ClientIo::BodyStatus::kTimeout) { co_return Upload::kClientTimeout; }
    if (status == ClientIo::BodyStatus::kGone) { co_return Upload::kClientGone; }
    const bool last = status == ClientIo::BodyStatus::kEnd;
    std::string framed;
    if (chunked) {
      framed = last ? "0\r\n\r\n" : http::chunk_size_line(octets.size()) + octets + "\r\n";
    } else {
      framed = std::move(octets);
    }
    if (!framed.empty()) {
      const origin::Exchange::Status sent = co_await exchange.send_body(framed);
      // It may have answered without wanting the rest.
      if (!sent) { co_return Upload::kOriginStopped; }
    }
    if (last) { co_return Upload::kDone; }
  }
}

Awaitable<bool> download(RequestScope& scope, origin::Exchange& exchange) {
  std::vector<cache::Slice> slices;
  while (true) {
    // The head leaves at once when the body is not here yet: reading may take long.
    const bool sent = co_await scope.send(slices);
    if (!sent) { co_return false; }
    std::string octets;
    const auto more = co_await exchange.read_body(octets);
    if (!more) {
      scope.worker.counters.origin_failures.add();
      co_return false;  // cut short, as the origin did
    }
    if (!*more) { co_return co_await scope.finish(); }
    slices = {cache::slice_of(std::move(octets))};
  }
}

Awaitable<bool> fail(RequestScope& scope, origin::OriginError error) {
  scope.worker.counters.origin_failures.add();
  co_return co_await scope.respond_with_page(origin::status_for(error), "the origin did not answer",
                                             origin::describe(error));
}

Reply reply_for(RequestScope& scope, http::ResponseHead head, http::Forward why) {
  const http::Framing framing =
      http::response_framing(head, scope.request.method).value_or(http::Framing{});
  ReplyOptions options = scope.reply_options();
  options.status.forward = why;
  const bool bodiless = scope.request.method == "HEAD" || head.status == 204 || head.status == 304;
  options.has_body = !bodiless;
  if (!bodiless && framing.kind == http::BodyKind::kLength) { options.length = framing.length; }
  if (!bodiless && framing.kind == http::BodyKind::kNone) { options.length = 0; }
  return client_reply(filtered_head_of(scope, std::move(head)), options,
                      std::chrono::system_clock::now());
}

}  // namespace

Awaitable<bool> pass(RequestScope& scope, const config::Origin& origin, http::Forward why) {
  rules::Admission& admission = scope.worker.shared.admission;
  if (admission.refuses_fetch(std::chrono::steady_clock::now())) {
    co_return co_await shed(scope);
  }
  const rules::Admission::Fetching fetching(admission);
  const std::string client = scope.forwarded_client();
  ForwardOptions options;
  options.name = scope.worker.shared.name;
  options.client = client;
  options.origin = &origin;
  options.body = scope.body;
  tell_of_filters(options, filters_of(scope));
  const bool has_body = scope.body.kind != http::BodyKind::kNone;
  const std::string key = cache::key_of(scope.config->policy_for(origin).key, scope.request);
  tier::Route route = route_for(scope, origin, key);
  // Nobody holds an answer to what changes something, and who is asked all the same does it.
  if (!http::is_safe_method(scope.request.method)) { route.skip_holders(); }
  auto exchange = std::make_unique<Upstream>(scope.worker, origin, std::move(route));
  cache::Exchange moments;
  moments.request_sent = std::chrono::system_clock::now();
  http::RequestHead request = origin_request(scope.request, options);
  const bool retriable = !has_body && http::is_idempotent_method(scope.request.method);
  scope.begin_upstream();
  const origin::Exchange::Status sent = co_await exchange->send_head(std::move(request), retriable);
  if (!sent) { co_return co_await fail(scope, sent.error()); }
  if (has_body) {
    const Upload done = co_await upload(scope, *exchange);
    if (done == Upload::kClientGone) { co_return false; }
    if (done == Upload::kTooLarge) {
      co_return co_await scope.respond_with_page(413, "the body is too large", "");
    }
    if (done == Upload::kClientBad || done == Upload::kClientTimeout) {
      const bool slow = done == Upload::kClientTimeout;
      co_return co_await scope.respond_with_page(slow ? 408 : 400, "bad request body", "");
    }
  }
  auto head = co_await exchange->read_head();
  while (head && head->status < 200) {
    http::remove_hop_by_hop_of_response(head->fields);
    const bool told = co_await scope.client.send_interim(*head);
    if (!told) { co_return false; }
    head = co_await exchange->read_head();
  }
  scope.end_upstream();
  if (!head) { co_return co_await fail(scope, head.error()); }
  moments.response_received = std::chrono::system_clock::now();
  std::vector<cache::Purge> ended = learn(scope, *head, moments);
  if (!ended.empty()) { co_await carry_out(scope.worker, std::move(ended)); }
  if (needs_filtering(scope, *head)) {
    co_return co_await pass_filtered(scope, std::move(exchange), std::move(*head), moments, why);
  }
  scope.begin(reply_for(scope, std::move(*head), why), CacheResult::kBypass);
  const bool whole = co_await download(scope, *exchange);
  scope.worker.counters.origin_octets.add(exchange->octets_read());
  co_return whole;
}

}  // namespace edge::serve
