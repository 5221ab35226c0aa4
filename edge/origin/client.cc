#include "edge/origin/client.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/http/body_decoder.h"
#include "edge/origin/connection.h"
#include "edge/origin/swift.h"

namespace edge::origin {

using ConnectionRef = std::unique_ptr<Connection>;

// What is kept for one origin.  Exchanges share it, so it may outlive its configuration.
struct OriginPool : std::enable_shared_from_this<OriginPool> {
  OriginPool(boost::asio::io_context& io, const config::Origin& of) : loop(io), origin(of) {}

  // The newest idle connection that still lives: old ones die of their age.
  ConnectionRef take_idle() {
    const auto oldest =
        std::chrono::steady_clock::now() - std::chrono::milliseconds(origin.idle_ms);
    while (!idle.empty()) {
      ConnectionRef connection = std::move(idle.back());
      idle.pop_back();
      if (connection->idle_since >= oldest && connection->is_quiet()) {
        connection->reused = true;
        return connection;
      }
      connection->close();
    }
    return nullptr;
  }
  void give_back(ConnectionRef connection) {
    connection->disarm();
    connection->idle_since = std::chrono::steady_clock::now();
    idle.push_back(std::move(connection));
    while (retired ? !idle.empty()
                   : idle.size() > static_cast<std::size_t>(origin.idle_connections)) {
      idle.front()->close();
      idle.pop_front();
    }
  }
  // Nothing is kept from now on.
  void retire() {
    retired = true;
    for (const ConnectionRef& connection : idle) { connection->close(); }
    idle.clear();
  }
  TlsContext& tls() {
    if (!context) { context = make_tls_context(origin.ca_file); }
    return *context;
  }

  boost::asio::io_context& loop;
  const config::Origin origin;
  std::deque<ConnectionRef> idle;
  std::shared_ptr<TlsContext> context;
  // Where the last connect succeeded: a dead first origin is not tried by every request.
  std::size_t preferred = 0;
  bool retired = false;
  std::unique_ptr<SwiftSession> swift;  // made when first needed
};

struct Pool {
  explicit Pool(boost::asio::io_context& io) : loop(io) {}

  std::shared_ptr<OriginPool> of(const config::Origin& origin) {
    const auto known = origins.find(&origin);
    if (known != origins.end()) { return known->second; }
    // Of a configuration that is current no more: a pool of its own, which keeps nothing.
    auto pool = std::make_shared<OriginPool>(loop, origin);
    pool->retired = true;
    return pool;
  }

  boost::asio::io_context& loop;
  std::unordered_map<const config::Origin*, std::shared_ptr<OriginPool>> origins;  // the current
};

namespace {

class HttpExchange final : public Exchange {
 public:
  explicit HttpExchange(std::shared_ptr<OriginPool> pool)
      : pool_(std::move(pool)), origin_(pool_->origin) {}
  ~HttpExchange() override {
    if (connection_) { connection_->close(); }
  }

  Awaitable<Status> send_head(http::RequestHead head, bool retriable) override;
  Awaitable<Status> send_body(std::string_view octets) override { return write(octets); }
  Awaitable<gslb::Result<http::ResponseHead, OriginError>> read_head() override;
  Awaitable<gslb::Result<bool, OriginError>> read_body(std::string& out) override;
  std::uint64_t octets_read() const override { return octets_read_; }

 private:
  Awaitable<Status> connect();
  Awaitable<Status> connect_to(const config::Url& url);
  Awaitable<Status> write(std::string_view octets);
  Awaitable<gslb::Result<http::ResponseHead, OriginError>> read_head_once();
  // Reads into buffer_; false at the peer's end or an error.
  Awaitable<bool> fill();
  bool begin_body(const http::ResponseHead& head);
  void release();

  std::shared_ptr<OriginPool> pool_;
  const config::Origin& origin_;
  ConnectionRef connection_;
  std::string method_;
  std::string head_text_;
  bool retriable_ = false;
  std::string scratch_;
  std::string buffer_;  // received, not yet used
  std::optional<http::BodyDecoder> decoder_;
  bool keep_ = false;
  int interims_ = 0;
  std::uint64_t octets_read_ = 0;
};

Awaitable<Exchange::Status> HttpExchange::send_head(http::RequestHead head, bool retriable) {
  method_ = head.method;
  head_text_ = http::write_request_head(head);
  retriable_ = retriable;
  // Only what may be repeated is risked on a connection the origin may be closing just now.
  if (retriable) { connection_ = pool_->take_idle(); }
  if (connection_) {
    const Status sent = co_await write(head_text_);
    if (sent) { co_return sent; }
    connection_->close();
  }
  const Status connected = co_await connect();
  if (!connected) { co_return connected; }
  co_return co_await write(head_text_);
}

Awaitable<Exchange::Status> HttpExchange::write(std::string_view octets) {
  connection_->arm(origin_.between_bytes_timeout_ms);
  const bool sent = co_await connection_->write(octets);
  connection_->disarm();
  if (!sent) { co_return gslb::Unexpected(OriginError::kSend); }
  co_return Status{};
}

Awaitable<Exchange::Status> HttpExchange::connect() {
  const std::size_t count = origin_.urls.size();
  const std::size_t first = pool_->preferred;
  Status status = gslb::Unexpected(OriginError::kConnect);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (first + i) % count;
    status = co_await connect_to(origin_.urls[at]);
    if (status) {
      pool_->preferred = at;
      break;
    }
  }
  co_return status;
}

Awaitable<Exchange::Status> HttpExchange::connect_to(const config::Url& url) {
  connection_ = std::make_unique<Connection>(pool_->loop);
  TlsContext* const tls = url.tls ? &pool_->tls() : nullptr;
  return connection_->connect(url, origin_.connect_timeout_ms, tls);
}

Awaitable<bool> HttpExchange::fill() {
  if (scratch_.empty()) { scratch_.resize(kReadOctets); }
  const std::size_t count = co_await connection_->read_some(scratch_.data(), scratch_.size());
  octets_read_ += count;
  buffer_.append(scratch_, 0, count);
  co_return count > 0;
}

Awaitable<gslb::Result<http::ResponseHead, OriginError>> HttpExchange::read_head() {
  auto head = co_await read_head_once();
  // RFC 9112 9.3.1: a pooled connection the origin closed just before our request arrived.
  if (!head && head.error() == OriginError::kClosed && connection_->reused && retriable_ &&
      octets_read_ == 0) {
    connection_->close();
    const Status connected = co_await connect();
    if (!connected) { co_return gslb::Unexpected(connected.error()); }
    const Status sent = co_await write(head_text_);
    if (!sent) { co_return gslb::Unexpected(sent.error()); }
    head = co_await read_head_once();
  }
  co_return head;
}

Awaitable<gslb::Result<http::ResponseHead, OriginError>> HttpExchange::read_head_once() {
  std::size_t scanned = 0;
  connection_->arm(origin_.first_byte_timeout_ms);
  while (true) {
    std::size_t end = 0;
    const http::HeadScan scan = http::scan_head(buffer_, scanned, end);
    if (scan == http::HeadScan::kBadLineEnding || scanned > kMaxResponseHead) {
      co_return gslb::Unexpected(OriginError::kBadResponse);
    }
    if (scan == http::HeadScan::kMore) {
      const bool more = co_await fill();
      if (more) { continue; }
      co_return gslb::Unexpected(connection_->timed_out() ? OriginError::kFirstByteTimeout
                                                          : OriginError::kClosed);
    }
    auto head = http::parse_response_head(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end);
    scanned = 0;
    // 101 can't come: Upgrade is never sent.
    if (!head || head->status == 101) { co_return gslb::Unexpected(OriginError::kBadResponse); }
    if (head->status < 200 && ++interims_ > kMaxInterim) {
      co_return gslb::Unexpected(OriginError::kBadResponse);
    }
    if (head->status == 100) { continue; }
    connection_->disarm();
    if (head->status < 200) { co_return std::move(*head); }
    if (!begin_body(*head)) { co_return gslb::Unexpected(OriginError::kBadResponse); }
    co_return std::move(*head);
  }
}

bool HttpExchange::begin_body(const http::ResponseHead& head) {
  const auto framing = http::response_framing(head, method_);
  if (!framing) { return false; }
  decoder_.emplace(*framing);
  keep_ =
      http::keeps_alive(head.minor, head.fields) && framing->kind != http::BodyKind::kUntilClose;
  if (decoder_->done()) { release(); }
  return true;
}

Awaitable<gslb::Result<bool, OriginError>> HttpExchange::read_body(std::string& out) {
  out.clear();
  while (true) {
    if (!buffer_.empty()) {
      const auto used = decoder_->feed(buffer_, out);
      if (!used) { co_return gslb::Unexpected(OriginError::kBadResponse); }
      buffer_.erase(0, *used);
    }
    if (decoder_->done() && connection_) { release(); }
    if (!out.empty()) { co_return true; }
    if (decoder_->done()) { co_return false; }
    connection_->arm(origin_.between_bytes_timeout_ms);
    const bool more = co_await fill();
    connection_->disarm();
    if (more) { continue; }
    if (connection_->timed_out()) { co_return gslb::Unexpected(OriginError::kBodyTimeout); }
    if (decoder_->complete_at_close()) { co_return false; }
    co_return gslb::Unexpected(OriginError::kShortBody);
  }
}

// Octets after the body are an answer to nothing we asked: such a connection is not reused.
void HttpExchange::release() {
  ConnectionRef connection = std::move(connection_);
  if (keep_ && buffer_.empty()) {
    pool_->give_back(std::move(connection));
  } else {
    connection->close();
  }
}

// The pool and its session live and die together.
SwiftSessionRef swift_session(std::shared_ptr<OriginPool> pool) {
  if (!pool->swift) {
    const auto connect = [own = pool.get()](SwiftSession::Peer peer) {
      std::shared_ptr<OriginPool> to = own->shared_from_this();
      if (peer == SwiftSession::Peer::kAuth) {
        config::Origin auth = own->origin;
        auth.urls = {*auth.swift->auth};
        to = std::make_shared<OriginPool>(own->loop, auth);
        to->retired = true;
      }
      return std::make_unique<HttpExchange>(std::move(to));
    };
    pool->swift = std::make_unique<SwiftSession>(pool->loop, pool->origin, connect);
  }
  SwiftSession* const session = pool->swift.get();
  return {std::move(pool), session};
}

}  // namespace

Client::Client(boost::asio::io_context& loop) : pool_(std::make_shared<Pool>(loop)) {}
Client::~Client() { shut_down(); }

std::unique_ptr<Exchange> Client::exchange(const config::Origin& origin) {
  auto pool = pool_->of(origin);
  if (origin.swift) { return swift_exchange(swift_session(std::move(pool))); }
  return std::make_unique<HttpExchange>(std::move(pool));
}

Awaitable<int> Client::verdict(const config::Origin& origin, const http::RequestHead& request) {
  return swift_verdict(swift_session(pool_->of(origin)), request.host,
                       request.fields.joined("Referer"));
}

void Client::renew(const config::Config& config) {
  auto before = std::exchange(pool_->origins, {});
  const auto add = [&](const config::Origin& origin) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& entry) {
      return entry.second->origin == origin;
    });
    if (same == before.end()) {
      pool_->origins[&origin] = std::make_shared<OriginPool>(pool_->loop, origin);
      return;
    }
    // The file of authorities may be another by now.
    same->second->context.reset();
    pool_->origins[&origin] = std::move(same->second);
    before.erase(same);
  };
  if (config.origin) { add(*config.origin); }
  for (const config::Site& site : config.sites) { add(site.origin); }
  if (config.tier) {
    for (const config::Peer& peer : config.tier->parents) { add(peer.origin); }
    for (const config::Peer& peer : config.tier->siblings) { add(peer.origin); }
  }
  for (const auto& [origin, pool] : before) { pool->retire(); }
}

void Client::shut_down() {
  for (const auto& [origin, pool] : pool_->origins) { pool->retire(); }
}

}  // namespace edge::origin
