#include "edge/serve/pass_filtered.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/filter/choose.h"
#include "edge/serve/deliver.h"
#include "edge/serve/filtered.h"
#include "edge/serve/readers.h"
#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;


// Reads a response's body as its readers take it.
Awaitable<bool> read_into(cache::Body& body, origin::Exchange& exchange, Signal& signal) {
  std::string octets;
  while (true) {
    const auto more = co_await exchange.read_body(octets);
    if (!more) { co_return false; }
    if (!*more) { co_return true; }
    body.append(std::exchange(octets, {}));
    const bool wanted = co_await wait_for_readers(body, signal);
    if (!wanted) { co_return false; }
  }
}

// `config`: the exchange's origin is of it.
Awaitable<void> feed(Worker& worker, [[maybe_unused]] config::ConfigRef config,
                     std::shared_ptr<cache::Body> body,
                     std::unique_ptr<origin::Exchange> exchange) {
  Signal signal(worker);
  const bool whole = co_await read_into(*body, *exchange, signal);
  if (whole) {
    body->finish();
  } else {
    if (!body->abandoned()) { worker.counters.origin_failures.add(); }
    body->fail();
  }
  worker.counters.origin_octets.add(exchange->octets_read());
}

std::optional<std::uint64_t> length_of(const http::ResponseHead& response,
                                       std::string_view method) {
  const http::Framing framing = http::response_framing(response, method).value_or(http::Framing{});
  if (framing.kind == http::BodyKind::kNone) { return 0; }
  return framing.kind == http::BodyKind::kLength ? std::optional(framing.length) : std::nullopt;
}

}  // namespace

bool needs_filtering(const RequestScope& scope, const http::ResponseHead& response) {
  const config::Filters& filters = filters_of(scope);
  const bool included = scope.client.inclusion() != nullptr;
  if (scope.request.method == "HEAD" || (!filters.any() && !included)) { return false; }
  const auto length = length_of(response, scope.request.method);
  return length != std::uint64_t{0} &&
         filter::choose(filters, {scope.request, response, length, false, included}).changes();
}

Awaitable<bool> pass_filtered(RequestScope& scope, std::unique_ptr<origin::Exchange> exchange,
                              http::ResponseHead response, const cache::Exchange& moments,
                              http::Forward why) {
  auto object = std::make_shared<cache::Object>();
  object->length = length_of(response, scope.request.method);
  object->freshness = cache::freshness_of(response, moments, scope.config->cache.policy);
  object->received = std::chrono::steady_clock::now();
  http::remove_hop_by_hop_of_response(response.fields);
  response.fields.remove("Content-Length");
  object->head = std::move(response);
  object->body = std::make_shared<cache::Body>(cache::Body::Mode::kWindow);
  asio::co_spawn(scope.worker.loop,
                 feed(scope.worker, scope.config, object->body, std::move(exchange)),
                 asio::detached);
  Delivery delivery;
  delivery.object = std::move(object);
  delivery.status.forward = why;
  delivery.result = report::CacheResult::kBypass;
  co_return co_await deliver(scope, std::move(delivery));
}

}  // namespace edge::serve
