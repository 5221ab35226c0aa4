#include "edge/origin/store_exchange.h"

#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::origin {

Awaitable<Exchange::Status> StoreExchange::send_body(std::string_view) { co_return Status{}; }

Awaitable<gslb::Result<bool, OriginError>> StoreExchange::read_body(std::string& out) {
  out.clear();
  if (inner_) { co_return co_await inner_->read_body(out); }
  if (request_.method != "HEAD") { out = std::exchange(page_, {}); }
  co_return !out.empty();
}

http::RequestHead StoreExchange::own_request(bool bare) const {
  http::RequestHead request = request_;
  for (const char* name : {"Authorization", "Cookie", "Content-Length"}) {
    request.fields.remove(name);
  }
  if (bare) {
    for (const char* name : {"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since",
                             "If-Unmodified-Since"}) {
      request.fields.remove(name);
    }
  }
  return request;
}

void StoreExchange::leave_inner() {
  if (inner_) { octets_ += inner_->octets_read(); }
  inner_.reset();
}

http::ResponseHead StoreExchange::own(int status, std::string page, std::string_view content_type) {
  leave_inner();
  page_ = std::move(page);
  http::ResponseHead head;
  set_status(head, status);
  head.fields.add("Content-Type", std::string(content_type));
  head.fields.add("Content-Length", std::to_string(page_.size()));
  if (status == 405) { head.fields.add("Allow", "GET, HEAD"); }
  return head;
}

void StoreExchange::set_status(http::ResponseHead& head, int status) {
  head.status = status;
  head.reason = http::reason_phrase(status);
}

void StoreExchange::give_lifetime(http::ResponseHead& head, std::int64_t ttl_s) {
  for (const char* name : {"Cache-Control", "Expires", "CDN-Cache-Control"}) {
    if (head.fields.has(name)) { return; }
  }
  head.fields.add("CDN-Cache-Control", "max-age=" + std::to_string(ttl_s));
}

}  // namespace edge::origin
