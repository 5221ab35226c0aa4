#include "edge/serve/pass.h"

#include <array>
#include <charconv>
#include <chrono>

#include <boost/asio/awaitable.hpp>

#include "edge/cache/key.h"

namespace edge::serve {
namespace {

using report::CacheResult;

enum class Upload : std::uint8_t { kDone, kOriginStopped, kClientBad, kClientTimeout, kClientGone };

// The request's body to the origin, framed as it came.
Awaitable<Upload> upload(RequestScope& scope, origin::Exchange& exchange) {
  const bool chunked = scope.body.kind == http::BodyKind::kChunked;
  if (scope.request.fields.has("Expect") && scope.request.minor >= 1 &&
      !scope.client.has_body_octets()) {
    const std::vector<std::string_view> go = {"HTTP/1.1 100 Continue\r\n\r\n"};
    const bool sent = co_await scope.client.write(go);
    if (!sent) { co_return Upload::kClientGone; }
  }
  std::string octets;
  while (true) {
    const ClientIo::BodyStatus status = co_await scope.client.read_body(octets);
    if (status == ClientIo::BodyStatus::kBad) { co_return Upload::kClientBad; }
    if (status == ClientIo::BodyStatus::kTimeout) { co_return Upload::kClientTimeout; }
    if (status == ClientIo::BodyStatus::kGone) { co_return Upload::kClientGone; }
    const bool last = status == ClientIo::BodyStatus::kEnd;
    if (last) { scope.body_consumed(); }
    std::string framed;
    if (chunked) {
      framed = last ? "0\r\n\r\n" : chunk_size_line(octets.size()) + octets + "\r\n";
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

Awaitable<bool> download(RequestScope& scope, origin::Exchange& exchange, const Reply& reply) {
  std::string_view head = reply.head;
  std::string octets;
  while (true) {
    // The head leaves at once when the body is not here yet: reading may take long.
    if (!head.empty()) {
      const std::vector<std::string_view> first = {std::exchange(head, {})};
      const bool sent = co_await scope.write(first);
      if (!sent) { co_return false; }
    }
    const auto more = co_await exchange.read_body(octets);
    if (!more) {
      scope.worker.counters.origin_failures.add();
      co_return false;  // cut short, as the origin did
    }
    std::vector<std::string_view> pieces;
    std::string size_line;
    if (*more && reply.chunked) {
      size_line = chunk_size_line(octets.size());
      pieces = {size_line, octets, "\r\n"};
    } else if (*more) {
      pieces = {octets};
    } else if (reply.chunked) {
      pieces = {"0\r\n\r\n"};
    }
    if (!pieces.empty()) {
      const bool sent = co_await scope.write(pieces);
      if (!sent) { co_return false; }
    }
    if (!*more) { co_return true; }
  }
}

void invalidate(RequestScope& scope, const http::ResponseHead& response) {
  if (http::is_safe_method(scope.request.method)) { return; }
  if (response.status < 200 || response.status >= 400) { return; }
  for (const std::string& key : cache::invalidated_keys(scope.request, response.fields)) {
    scope.worker.shared.flights.invalidate(key);
    scope.worker.shared.store.remove(key);
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
  return client_reply(std::move(head), options, std::chrono::system_clock::now());
}

}  // namespace

Awaitable<bool> pass(RequestScope& scope, const config::Origin& origin, http::Forward why) {
  ForwardOptions options;
  options.name = scope.worker.shared.name;
  options.client = scope.client.peer();
  options.origin = &origin;
  options.body = scope.body;
  const bool has_body = scope.body.kind != http::BodyKind::kNone;
  const std::unique_ptr<origin::Exchange> exchange = scope.worker.origin.exchange(origin);
  scope.worker.counters.origin_fetches.add();
  http::RequestHead request = origin_request(scope.request, options);
  const bool retriable = !has_body && http::is_safe_method(scope.request.method);
  const origin::Exchange::Status sent = co_await exchange->send_head(std::move(request), retriable);
  if (!sent) { co_return co_await fail(scope, sent.error()); }
  if (has_body) {
    const Upload done = co_await upload(scope, *exchange);
    if (done == Upload::kClientGone) { co_return false; }
    if (done == Upload::kClientBad || done == Upload::kClientTimeout) {
      scope.close_after();
      const bool slow = done == Upload::kClientTimeout;
      co_return co_await scope.respond_with_page(slow ? 408 : 400, "bad request body", "");
    }
  }
  auto head = co_await exchange->read_head();
  if (!head) { co_return co_await fail(scope, head.error()); }
  invalidate(scope, *head);
  const int status = head->status;
  const Reply reply = reply_for(scope, std::move(*head), why);
  scope.count(status, CacheResult::kBypass);
  const bool whole = co_await download(scope, *exchange, reply);
  scope.worker.counters.origin_octets.add(exchange->octets_read());
  co_return whole&& reply.keep_alive;
}

RequestScope::RequestScope(Worker& on, ClientIo& from, const http::RequestHead& asked,
                           http::Framing framing)
    : worker(on),
      client(from),
      request(asked),
      body(framing),
      started_(std::chrono::steady_clock::now()),
      body_open_(framing.kind != http::BodyKind::kNone) {}

Awaitable<bool> RequestScope::write(const std::vector<std::string_view>& pieces) {
  const bool sent = co_await client.write(pieces);
  if (sent && first_octet_) {
    first_octet_ = false;
    const auto took = std::chrono::steady_clock::now() - started_;
    worker.counters.ttfb_us.record(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  }
  co_return sent;
}

ReplyOptions RequestScope::reply_options() const {
  ReplyOptions options;
  options.name = worker.shared.name;
  options.client_minor = request.minor;
  options.keep_alive = !close_after_ && !body_open_ && worker.shared.keep_alive() &&
                       http::keeps_alive(request.minor, request.fields);
  return options;
}

void RequestScope::count(int status, report::CacheResult result) {
  worker.counters.count_request(status, result);
  client.count_answer(status);
}

Awaitable<bool> RequestScope::respond_with_page(int status, std::string_view why,
                                                std::string_view detail) {
  const std::string page = own_page(status, why);
  ReplyOptions options = reply_options();
  options.status.detail = detail;
  options.length = page.size();
  const Reply reply = client_reply(own_response(status), options, std::chrono::system_clock::now());
  count(status, CacheResult::kNone);
  std::vector<std::string_view> pieces = {reply.head};
  if (request.method != "HEAD") { pieces.emplace_back(page); }
  const bool sent = co_await write(pieces);
  co_return sent&& reply.keep_alive;
}

std::string chunk_size_line(std::size_t size) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  return std::string(digits.data(), end.ptr) + "\r\n";
}

}  // namespace edge::serve
