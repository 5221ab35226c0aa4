#include "edge/origin/s3.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "edge/http/date.h"
#include "edge/origin/sigv4.h"
#include "edge/origin/store_exchange.h"
#include "edge/origin/swift_page.h"

namespace edge::origin {
namespace {

// The store refuses requests a quarter of an hour off; well before that ours is worth mending.
constexpr std::chrono::minutes kMostSkew{5};

class S3Exchange final : public StoreExchange {
 public:
  explicit S3Exchange(S3SessionRef session) : session_(std::move(session)) {}

  Awaitable<Status> send_head(http::RequestHead head, bool) override;
  Awaitable<Head> read_head() override;

 private:
  const config::S3& s3() const { return *session_->origin.s3; }
  Awaitable<Head> site_answer();
  Awaitable<Head> missing_answer(int status);
  // Asks for a key; once more with the store's clock when ours is off.
  Awaitable<Head> ask(std::string key, std::string query, bool bare = false);
  Awaitable<Head> ask_once(const http::RequestHead& request);
  bool learn_clock(const http::ResponseHead& head);
  void sign(http::RequestHead& request, const std::string& path, const std::string& query) const;
  http::ResponseHead own_page(int status);
  http::ResponseHead dressed(http::ResponseHead head) const;

  const S3SessionRef session_;
  std::string bucket_;
  std::string key_;    // decoded, with its slash: "/a b"
  std::string query_;  // that is passed
};

Awaitable<Exchange::Status> S3Exchange::send_head(http::RequestHead head, bool) {
  request_ = std::move(head);
  bucket_ = s3_bucket(s3(), request_.fields.joined("Host"));
  const std::size_t mark = request_.target.find('?');
  key_ = percent_decode(std::string_view(request_.target).substr(0, mark));
  if (s3().listing && key_ == "/" && mark != std::string::npos) {
    query_ = s3_listing_query(std::string_view(request_.target).substr(mark + 1));
  }
  if (bucket_.empty()) { refused_ = 404; }
  if (key_.find('\0') != key_.npos) { refused_ = 400; }
  // What changes anything has no business here, least of all with the edge's own rights.
  if (request_.method != "GET" && request_.method != "HEAD") { refused_ = 405; }
  co_return Status{};
}

Awaitable<S3Exchange::Head> S3Exchange::read_head() {
  if (refused_ != 0) { co_return own_page(refused_); }
  Head head = co_await site_answer();
  if (head) { head = dressed(std::move(*head)); }
  co_return head;
}

Awaitable<S3Exchange::Head> S3Exchange::site_answer() {
  const bool is_directory = key_.ends_with('/');
  if (!query_.empty()) { co_return co_await ask("/", query_); }
  if (is_directory && s3().index.empty() && key_ == "/") {
    // The bucket's own address is its listing.
    if (!s3().listing) { co_return co_await missing_answer(404); }
    co_return co_await ask("/", "");
  }
  // No ?: within what is awaited: GCC 12 destroys its temporaries twice.
  std::string key = key_;
  if (is_directory) { key += s3().index; }
  Head head = co_await ask(std::move(key), "");
  if (!head || head->status < 400 || head->status == 412 || head->status == 416) { co_return head; }
  const int status = head->status;
  const bool is_missing = status == 404 || status == 403;
  if (is_missing && !is_directory && !s3().index.empty()) {
    const std::string method = std::exchange(request_.method, "HEAD");
    const Head index = co_await ask(key_ + "/" + s3().index, "", true);
    request_.method = method;
    if (index && is_found(index->status)) {
      http::ResponseHead redirect = own_page(302);
      // One slash: two would be another host's address.
      const std::size_t first = key_.find_first_not_of('/');
      redirect.fields.add("Location",
                          "/" + percent_encode(std::string_view(key_).substr(first)) + "/");
      co_return redirect;
    }
  }
  co_return co_await missing_answer(status);
}

// With the site's own page for it, where there is one.  The store's page names the bucket.
Awaitable<S3Exchange::Head> S3Exchange::missing_answer(int status) {
  if (!s3().error.empty() && status < 500) {
    Head head = co_await ask("/" + s3().error, "", true);
    if (head && head->status == 200) {
      set_status(*head, status);
      co_return head;
    }
  }
  co_return own_page(status);
}

Awaitable<S3Exchange::Head> S3Exchange::ask(std::string key, std::string query, bool bare) {
  http::RequestHead request = own_request(bare);
  std::erase_if(request.fields.list(), [](const http::Field& field) {
    return http::to_lower(field.name).starts_with("x-amz-");
  });
  const std::string authority = session_->origin.servers.front().url.authority();
  request.fields.set("Host", s3().virtual_host ? bucket_ + "." + authority : authority);
  const std::string path = (s3().virtual_host ? "" : "/" + bucket_) + percent_encode(key);
  request.target = path + (query.empty() ? "" : "?" + query);
  http::RequestHead first = request;
  sign(first, path, query);
  Head head = co_await ask_once(first);
  if (!head || head->status != 403 || !learn_clock(*head)) { co_return head; }
  sign(request, path, query);
  co_return co_await ask_once(request);
}

Awaitable<S3Exchange::Head> S3Exchange::ask_once(const http::RequestHead& request) {
  leave_inner();
  inner_ = session_->connect();
  const Status sent = co_await inner_->send_head(request, true);
  if (!sent) { co_return gslb::Unexpected(sent.error()); }
  Head head = co_await inner_->read_head();
  while (head && head->status < 200) { head = co_await inner_->read_head(); }
  co_return head;
}

void S3Exchange::sign(http::RequestHead& request, const std::string& path,
                      const std::string& query) const {
  const std::string date = amz_date(std::chrono::system_clock::now() + session_->skew);
  SigningInput input{request.method, path, query, {}};
  input.fields = {{"host", request.fields.joined("Host")},
                  {"x-amz-content-sha256", std::string(kEmptyHash)},
                  {"x-amz-date", date}};
  if (!s3().token.empty()) { input.fields.emplace_back("x-amz-security-token", s3().token); }
  for (const auto& [name, value] : input.fields) { request.fields.set(name, value); }
  request.fields.set("Authorization",
                     authorization({s3().key_id, s3().secret, s3().region}, input, date));
}

// True: the refusal may be for our clock, which has been set since.
bool S3Exchange::learn_clock(const http::ResponseHead& head) {
  const auto now = std::chrono::system_clock::now();
  const std::string* const text = head.fields.find("Date");
  const auto date = text == nullptr ? std::nullopt : http::parse_date(*text, now);
  if (!date) { return false; }
  const auto skew = std::chrono::duration_cast<std::chrono::seconds>(*date - now);
  if (std::chrono::abs(skew - session_->skew) < kMostSkew) { return false; }
  session_->skew = skew;
  return true;
}

http::ResponseHead S3Exchange::own_page(int status) {
  return own(status, std::to_string(status) + ' ' + std::string(http::reason_phrase(status)) + '\n',
             "text/plain; charset=utf-8");
}

// What is of the edge's account or of one exchange goes, a lifetime comes where there is none.
http::ResponseHead S3Exchange::dressed(http::ResponseHead head) const {
  std::erase_if(head.fields.list(), [](const http::Field& field) {
    const std::string name = http::to_lower(field.name);
    return name.starts_with("x-amz-") || name == "x-trans-id" || name == "x-openstack-request-id";
  });
  const bool is_missing = head.status == 404 || head.status == 403;
  if (is_found(head.status) || is_missing) {
    give_lifetime(head, is_missing ? s3().negative_ttl_s : s3().ttl_s);
  }
  return head;
}

}  // namespace

std::unique_ptr<Exchange> s3_exchange(S3SessionRef session) {
  return std::make_unique<S3Exchange>(std::move(session));
}

std::string s3_bucket(const config::S3& s3, std::string_view host) {
  if (!s3.bucket.empty()) { return s3.bucket; }
  host = config::without_port(host);
  const std::string suffix = "." + s3.domain;
  if (!host.ends_with(suffix)) { return {}; }
  host.remove_suffix(suffix.size());
  // A bucket's name is 3 to 63 long; beyond that dots could make it another path.
  const bool good = host.size() >= 3 && host.size() <= 63 && host.find("..") == host.npos &&
                    host.front() != '.' && host.back() != '.';
  return good ? std::string(host) : std::string();
}

std::string s3_listing_query(std::string_view query) {
  constexpr std::array<std::string_view, 9> kNames = {
      "continuation-token", "delimiter", "encoding-type", "fetch-owner", "list-type", "marker",
      "max-keys",           "prefix",    "start-after"};
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view each = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), each.size() + 1));
    const std::size_t equals = std::min(each.find('='), each.size());
    const std::string name = percent_decode(each.substr(0, equals));
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) { return {}; }
    const std::string_view value = each.substr(std::min(each.size(), equals + 1));
    pairs.emplace_back(name, percent_encode(percent_decode(value), ""));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) {
    text.append(text.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return text;
}

}  // namespace edge::origin
