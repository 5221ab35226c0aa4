// One request of a client on its way through the static web.
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/origin/store_exchange.h"
#include "edge/origin/swift.h"
#include "edge/origin/swift_page.h"

namespace edge::origin {
namespace {

constexpr std::size_t kMaxListing = 4 << 20;  // Swift gives 10,000 names at once

std::string without_query(std::string_view target) {
  return std::string(target.substr(0, target.find('?')));
}

class SwiftExchange final : public StoreExchange {
 public:
  explicit SwiftExchange(SwiftSessionRef session) : session_(std::move(session)) {}

  Awaitable<Status> send_head(http::RequestHead head, bool retriable) override;
  Awaitable<Head> read_head() override;

 private:
  Awaitable<Head> as_anybody();
  Awaitable<Head> container_answer();
  Awaitable<Head> object_answer();
  Awaitable<Head> missing_answer();
  Awaitable<Head> listing(std::string prefix);
  Awaitable<Head> refusal(int status, std::string page);
  // Asks for what is below the container; the answer's body is what read_body() gives.
  Awaitable<Head> ask(std::string path, std::string query, bool bare = false);
  Awaitable<gslb::Result<std::string, OriginError>> read_whole();
  http::ResponseHead own_page(int status, std::string page);
  http::ResponseHead redirect();
  http::ResponseHead dressed(http::ResponseHead head) const;

  SwiftSessionRef session_;
  SwiftPlace place_;
  std::string path_;     // of the target, as it came: "/a/b%20c"
  std::string decoded_;  // the same decoded
  SwiftAccess access_;
  SwiftSession::ContainerRef container_;
};

Awaitable<Exchange::Status> SwiftExchange::send_head(http::RequestHead head, bool) {
  request_ = std::move(head);
  path_ = without_query(request_.target);
  decoded_ = percent_decode(path_);
  const auto place = swift_place(session_->swift(), request_.fields.joined("Host"));
  if (!place || decoded_.find('\0') != decoded_.npos) {
    refused_ = place ? 412 : 404;  // as Swift says of a path that is no UTF-8
    co_return Status{};
  }
  place_ = *place;
  // What changes anything has no business here, least of all with the edge's own rights.
  if (request_.method != "GET" && request_.method != "HEAD") {
    refused_ = 405;
    co_return Status{};
  }
  if (!session_->has_account()) { co_return Status{}; }
  container_ = co_await session_->container(place_);
  if (!container_) { co_return gslb::Unexpected(OriginError::kAuth); }
  access_ = swift_access(container_->read_acl, request_.fields.joined("Referer"));
  if (!container_->exists() || !access_.objects) { refused_ = 401; }
  co_return Status{};
}

Awaitable<SwiftExchange::Head> SwiftExchange::read_head() {
  if (refused_ != 0) { co_return own_page(refused_, swift_page(refused_)); }
  Head head = gslb::Unexpected(OriginError::kAuth);
  if (!session_->has_account()) {
    head = co_await as_anybody();
  } else if (decoded_ == "/") {
    head = co_await container_answer();
  } else {
    head = co_await object_answer();
  }
  if (head) { head = dressed(std::move(*head)); }
  co_return head;
}

Awaitable<SwiftExchange::Head> SwiftExchange::ask(std::string path, std::string query, bool bare) {
  leave_inner();
  http::RequestHead request = own_request(bare);
  request.target = place_.path() + path + query;
  if (bare) { request.fields.remove("Accept"); }
  SwiftSession::Answer answer = co_await session_->ask(std::move(request));
  inner_ = std::move(answer.exchange);
  co_return std::move(answer.head);
}

// Without an account: as Swift answers, but for what shows its own paths.
Awaitable<SwiftExchange::Head> SwiftExchange::as_anybody() {
  const std::string query = request_.target.substr(path_.size());
  Head head = co_await ask(path_, query);
  if (!head) { co_return head; }
  if (const std::string* location = head->fields.find("Location")) {
    const std::size_t at = location->find(place_.path() + "/");
    if (at != location->npos) {
      head->fields.set("Location", location->substr(at + place_.path().size()));
    }
  }
  if (head->fields.has("WWW-Authenticate")) {
    head->fields.set("WWW-Authenticate", "Swift realm=\"unknown\"");
  }
  co_return head;
}

Awaitable<SwiftExchange::Head> SwiftExchange::container_answer() {
  if (!access_.listing) { co_return co_await refusal(401, swift_page(401)); }
  if (!container_->is_site()) { co_return co_await ask("", request_.target.substr(path_.size())); }
  if (container_->index.empty()) { co_return co_await listing(""); }
  Head head = co_await ask("/" + percent_encode(container_->index), "");
  if (head && head->status == 404) { co_return co_await listing(""); }
  co_return head;
}

Awaitable<SwiftExchange::Head> SwiftExchange::object_answer() {
  Head head = co_await ask(path_, "");
  if (!head) { co_return head; }
  const auto length = http::parse_number(head->fields.joined("Content-Length")).value_or(0);
  const bool is_marker = is_found(head->status) && length <= 1 &&
                         head->fields.joined("Content-Type") == container_->directory_type;
  if (head->status != 404 && !is_marker) { co_return head; }
  if (!container_->is_site()) { co_return head; }
  co_return co_await missing_answer();
}

// There is no such object: a directory's index, its listing, or the way there.
Awaitable<SwiftExchange::Head> SwiftExchange::missing_answer() {
  const bool is_directory = path_.ends_with('/');
  if (!container_->index.empty()) {
    const std::string slash = is_directory ? "" : "/";
    Head index = co_await ask(path_ + slash + percent_encode(container_->index), "");
    if (!index) { co_return index; }
    if (is_found(index->status)) {
      if (!is_directory) { co_return redirect(); }
      co_return index;
    }
    if (index->status != 404) { co_return index; }
  }
  const std::string name = decoded_.substr(1);
  if (is_directory) { co_return co_await listing(name); }
  // Whether there is anything below is for those to know who may see the listing.
  if (!access_.listing) { co_return co_await refusal(404, swift_page(404)); }
  const std::string method = std::exchange(request_.method, "GET");
  const Head below = co_await ask(
      "", "?format=json&limit=1&delimiter=/&prefix=" + percent_encode(name + "/"), true);
  const auto body = co_await read_whole();
  request_.method = method;
  const auto entries = below && below->status == 200 && body ? parse_listing(*body) : std::nullopt;
  if (entries && !entries->empty()) { co_return redirect(); }
  co_return co_await refusal(404, swift_page(404));
}

Awaitable<SwiftExchange::Head> SwiftExchange::listing(std::string prefix) {
  const std::string shown = place_.path() + decoded_;
  if (!container_->listings) {
    co_return co_await refusal(404, no_listing_page(*container_, shown, prefix));
  }
  if (!access_.listing) { co_return co_await refusal(401, swift_page(401)); }
  std::string query = "?format=json&delimiter=/";
  if (!prefix.empty()) { query += "&prefix=" + percent_encode(prefix); }
  const std::string method = std::exchange(request_.method, "GET");
  const Head head = co_await ask("", std::move(query), true);
  const auto body = co_await read_whole();
  request_.method = method;
  if (!head) { co_return head; }
  if (!body) { co_return gslb::Unexpected(body.error()); }
  const auto entries = head->status == 200 ? parse_listing(*body) : std::nullopt;
  if (!entries) { co_return co_await refusal(head->status, swift_page(head->status)); }
  if (!prefix.empty() && entries->empty()) { co_return co_await refusal(404, swift_page(404)); }
  co_return own_page(200, listing_page(*container_, shown, prefix, *entries));
}

// With the site's own page for it, where there is one.
Awaitable<SwiftExchange::Head> SwiftExchange::refusal(int status, std::string page) {
  if (!container_->error.empty()) {
    const std::string name = std::to_string(status) + container_->error;
    Head head = co_await ask("/" + percent_encode(name), "", true);
    if (head && head->status / 100 == 2) {
      set_status(*head, status);
      co_return head;
    }
  }
  co_return own_page(status, std::move(page));
}

Awaitable<gslb::Result<std::string, OriginError>> SwiftExchange::read_whole() {
  std::string whole;
  std::string part;
  while (inner_) {
    const auto more = co_await inner_->read_body(part);
    if (!more) { co_return gslb::Unexpected(more.error()); }
    if (!*more) { break; }
    whole += part;
    if (whole.size() > kMaxListing) { co_return gslb::Unexpected(OriginError::kBadResponse); }
  }
  co_return whole;
}

http::ResponseHead SwiftExchange::own_page(int status, std::string page) {
  http::ResponseHead head = own(status, std::move(page), "text/html; charset=UTF-8");
  if (status == 401) { head.fields.add("WWW-Authenticate", "Swift realm=\"unknown\""); }
  return head;
}

http::ResponseHead SwiftExchange::redirect() {
  http::ResponseHead head = own_page(301, swift_page(301));
  head.fields.add("Location", path_ + "/");
  return head;
}

// What is of the edge's account or of one exchange goes, a lifetime comes where there is none.
http::ResponseHead SwiftExchange::dressed(http::ResponseHead head) const {
  std::erase_if(head.fields.list(), [](const http::Field& field) {
    const std::string name = http::to_lower(field.name);
    return name == "x-trans-id" || name == "x-openstack-request-id" || name == "x-timestamp" ||
           name.starts_with("x-container-") || name.starts_with("x-account-") ||
           name.starts_with("x-storage-") || name.starts_with("x-backend-") ||
           name.starts_with("x-auth-");
  });
  const config::Swift& swift = session_->swift();
  if (is_found(head.status) || head.status == 404) {
    const std::int64_t own_s = container_ && container_->ttl_s ? *container_->ttl_s : swift.ttl_s;
    give_lifetime(head, head.status == 404 ? swift.negative_ttl_s : own_s);
  }
  return head;
}

}  // namespace

std::unique_ptr<Exchange> swift_exchange(SwiftSessionRef session) {
  return std::make_unique<SwiftExchange>(std::move(session));
}

}  // namespace edge::origin
