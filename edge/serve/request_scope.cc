#include "edge/serve/request_scope.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/serve/access_log.h"
#include "edge/serve/request_id.h"
#include "edge/serve/rule_book.h"
#include "edge/serve/signal.h"

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
      hosts_(asked.host.empty() || from.inclusion() != nullptr ? nullptr
                                                               : &on.book->hosts(asked.host)),
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
  if (hosts_ != nullptr) {
    hosts_->requests.add();
    if (result == report::CacheResult::kHit) { hosts_->hits.add(); }
  }
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
  if (hosts_ != nullptr) { hosts_->origin_us.add(static_cast<std::uint64_t>(upstream_us_)); }
}

Awaitable<bool> RequestScope::send(const std::vector<cache::Slice>& slices) {
  note_first_octet();
  std::size_t size = 0;
  for (const cache::Slice& slice : slices) { size += slice.size; }
  body_octets_ += size;
  if (hosts_ != nullptr) {
    hosts_->octets.add(size);
    if (result_ == report::CacheResult::kHit) { hosts_->hit_octets.add(size); }
  }
  return throttle_ == nullptr ? client.send(slices) : send_slowly(slices);
}

// A tenth of a second's worth after another, each when its time has come.
Awaitable<bool> RequestScope::send_slowly(std::vector<cache::Slice> slices) {
  constexpr std::size_t kLeast = 1024;
  const std::size_t lot = std::max(kLeast, static_cast<std::size_t>(throttle_->octets_per_s) / 10);
  Signal signal(worker);
  std::vector<cache::Slice> part;
  // Without slices the head leaves.
  if (slices.empty()) { co_return co_await client.send(slices); }
  for (std::size_t i = 0; i < slices.size();) {
    cache::Slice& from = slices[i];
    part.assign(1, from);
    part[0].size = std::min(from.size, lot);
    from.offset += part[0].size;
    from.size -= part[0].size;
    const auto ahead =
        static_cast<double>(slow_octets_) - static_cast<double>(throttle_->after_octets);
    const auto due =
        started_ +
        std::chrono::duration_cast<gslb::MonoTime::duration>(
            std::chrono::duration<double>(std::max(0.0, ahead) / throttle_->octets_per_s));
    const auto wait = std::chrono::ceil<gslb::milliseconds>(due - std::chrono::steady_clock::now());
    if (wait.count() > 0) { co_await signal.wait(wait); }
    slow_octets_ += part[0].size;
    const bool sent = co_await client.send(part);
    if (!sent) { co_return false; }
    if (from.size == 0) { ++i; }
  }
  co_return true;
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
  options.show_keys = config->purge.show_keys || caller != nullptr;
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
