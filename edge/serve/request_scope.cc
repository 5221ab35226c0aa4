#include "edge/serve/request_scope.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/serve/access_log.h"
#include "edge/serve/request_id.h"

namespace edge::serve {
namespace {

std::int64_t microseconds(gslb::MonoTime::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

RequestScope::RequestScope(Worker& on, ClientIo& from, const http::RequestHead& asked,
                           http::Framing framing)
    : worker(on),
      config(on.config),
      client(from),
      request(asked),
      body(framing),
      started_(std::chrono::steady_clock::now()),
      first_octet_(started_),
      is_counted_(from.inclusion() == nullptr) {}

RequestScope::~RequestScope() {
  if (!worker.access_log || status_ == 0 || !is_counted_) { return; }
  AccessEntry entry;
  entry.request = &request;
  entry.client = client.peer();
  if (const auto* id = request.fields.find(kRequestIdField)) { entry.request_id = *id; }
  entry.cache = report::kCacheResultNames[static_cast<std::size_t>(result_)];
  entry.status = status_;
  entry.body_octets = body_octets_;
  entry.whole = whole_;
  entry.first_octet_us = microseconds(first_octet_ - started_);
  entry.total_us = microseconds(std::chrono::steady_clock::now() - started_);
  entry.upstream_us = upstream_us_;
  entry.at = std::chrono::system_clock::now();
  worker.access_log->add(entry);
}

void RequestScope::begin(Reply reply, report::CacheResult result) {
  status_ = reply.head.status;
  result_ = result;
  if (is_counted_) { worker.counters.count_request(status_, result); }
  if (const auto* id = request.fields.find(kRequestIdField)) {
    reply.head.fields.set(kRequestIdField, *id);
  }
  if (!alt_svc.empty()) { reply.head.fields.set("Alt-Svc", alt_svc); }
  client.begin(std::move(reply));
}

// The moment octets are handed over: to wait for the write would cost a coroutine of its own.
void RequestScope::note_first_octet() {
  if (first_octet_ != started_) { return; }
  first_octet_ = std::chrono::steady_clock::now();
  if (!is_counted_) { return; }
  worker.counters.ttfb_us.record(static_cast<std::uint64_t>(microseconds(first_octet_ - started_)));
}

void RequestScope::begin_upstream() { upstream_began_ = std::chrono::steady_clock::now(); }

void RequestScope::end_upstream() {
  upstream_us_ = microseconds(std::chrono::steady_clock::now() - upstream_began_);
}

Awaitable<bool> RequestScope::send(const std::vector<cache::Slice>& slices) {
  note_first_octet();
  for (const cache::Slice& slice : slices) { body_octets_ += slice.size; }
  return client.send(slices);
}

Awaitable<bool> RequestScope::finish() {
  note_first_octet();
  whole_ = true;
  return client.finish();
}

std::string RequestScope::forwarded_client() const {
  return caller != nullptr ? std::string() : client.peer();
}

ReplyOptions RequestScope::reply_options() const {
  ReplyOptions options;
  options.name = worker.shared.name;
  return options;
}

Awaitable<bool> RequestScope::respond_with_page(int status, std::string_view why,
                                                std::string_view detail) {
  return respond_with(own_response(status), why, detail);
}

Awaitable<bool> RequestScope::respond_with(http::ResponseHead head, std::string_view why,
                                           std::string_view detail) {
  std::string page = own_page(head.status, why);
  ReplyOptions options = reply_options();
  options.status.detail = detail;
  options.length = page.size();
  options.has_body = request.method != "HEAD";
  begin(client_reply(std::move(head), options, std::chrono::system_clock::now()),
        report::CacheResult::kNone);
  if (options.has_body) {
    const std::vector<cache::Slice> slices = {cache::slice_of(std::move(page))};
    const bool sent = co_await send(slices);
    if (!sent) { co_return false; }
  }
  co_return co_await finish();
}

}  // namespace edge::serve
