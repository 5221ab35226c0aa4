#include "edge/serve/request_scope.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::serve {

RequestScope::RequestScope(Worker& on, ClientIo& from, const http::RequestHead& asked,
                           http::Framing framing)
    : worker(on),
      config(on.config),
      client(from),
      request(asked),
      body(framing),
      started_(std::chrono::steady_clock::now()) {}

void RequestScope::begin(Reply reply, report::CacheResult result) {
  worker.counters.count_request(reply.head.status, result);
  client.begin(std::move(reply));
}

// The moment octets are handed over: to wait for the write would cost a coroutine of its own.
void RequestScope::note_first_octet() {
  if (!std::exchange(first_octet_, false)) { return; }
  const auto took = std::chrono::steady_clock::now() - started_;
  worker.counters.ttfb_us.record(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
}

Awaitable<bool> RequestScope::send(const std::vector<cache::Slice>& slices) {
  note_first_octet();
  return client.send(slices);
}

Awaitable<bool> RequestScope::finish() {
  note_first_octet();
  return client.finish();
}

ReplyOptions RequestScope::reply_options() const {
  ReplyOptions options;
  options.name = worker.shared.name;
  return options;
}

Awaitable<bool> RequestScope::respond_with_page(int status, std::string_view why,
                                                std::string_view detail) {
  std::string page = own_page(status, why);
  ReplyOptions options = reply_options();
  options.status.detail = detail;
  options.length = page.size();
  options.has_body = request.method != "HEAD";
  begin(client_reply(own_response(status), options, std::chrono::system_clock::now()),
        report::CacheResult::kNone);
  if (options.has_body) {
    const std::vector<cache::Slice> slices = {slice_of(std::move(page))};
    const bool sent = co_await send(slices);
    if (!sent) { co_return false; }
  }
  co_return co_await finish();
}

cache::Slice slice_of(std::string octets) {
  const std::size_t size = octets.size();
  return {std::make_shared<const std::string>(std::move(octets)), 0, size};
}

}  // namespace edge::serve
