#include "edge/serve/connection.h"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "edge/http/body_decoder.h"
#include "edge/report/rtt.h"
#include "edge/serve/steps.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadOctets = 16 * 1024;
// After a refusal: what the client still sends is read and dropped for this long, for a close with
// unread octets resets the connection and may take the response along.
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::size_t kLingerOctets = 256 * 1024;

// The network gave up.  A client that closes in the middle, which is often what its user wants, is
// none of these.
bool is_lost(const error_code& error) {
  return error == asio::error::timed_out || error == asio::error::host_unreachable ||
         error == asio::error::network_unreachable || error == asio::error::network_down;
}

class Connection final : public ClientIo,
                         public ConnectionHandle,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, ConnectionSet& open, tcp::socket socket, const gslb::Address& peer)
      : worker_(worker),
        limits_(worker.shared.config.limits),
        open_(open),
        socket_(std::move(socket)),
        timer_(worker.loop),
        address_(peer),
        peer_(peer.to_string()) {
    open_.insert(this);
    worker_.counters.connections_opened.add();
    worker_.shared.connections.fetch_add(1, std::memory_order_relaxed);
  }
  ~Connection() override {
    open_.erase(this);
    worker_.counters.connections_closed.add();
    worker_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
  }

  Awaitable<void> run();

  Awaitable<bool> write(const std::vector<std::string_view>& pieces) override;
  Awaitable<BodyStatus> read_body(std::string& out) override;
  bool has_body_octets() const override { return !buffer_.empty(); }
  void count_answer(int status) override {
    ++answers_;
    last_failed_ = false;
    // 408: what the client sent did not arrive.
    if (status >= 500 || status == 408) { note_failure(); }
  }
  const std::string& peer() const override { return peer_; }
  void end_if_idle() override {
    error_code ignored;
    if (idle_) { socket_.cancel(ignored); }
  }

 private:
  enum class Next : std::uint8_t { kRequest, kRefused, kClosed };
  Awaitable<Next> read_request();
  Awaitable<Next> refuse_with(int status, std::string_view why);
  Awaitable<bool> fill();
  Awaitable<void> linger();
  void note_failure();
  void sample_rtt();
  void report_path();
  void arm(Clock::time_point deadline);
  void watch();

  Worker& worker_;
  const config::Limits& limits_;
  ConnectionSet& open_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool watching_ = false;
  bool timed_out_ = false;
  bool idle_ = false;
  std::uint32_t answers_ = 0;
  std::uint32_t failures_ = 0;  // of them
  bool last_failed_ = false;    // the last of them
  const gslb::Address address_;
  const std::string peer_;
  std::string buffer_;  // received, not yet used
  http::RequestHead request_;
  http::Framing framing_;
  std::optional<http::BodyDecoder> body_;
};

// One timer per connection that looks at the deadline when it fires: moving the deadline, which
// every read and write does, costs a store and no timer operation.
void Connection::arm(Clock::time_point deadline) {
  deadline_ = deadline;
  if (deadline == Clock::time_point::max()) { return; }
  if (!watching_ || timer_.expiry() > deadline) {
    timer_.expires_at(deadline);
    watch();
  }
}

void Connection::watch() {
  watching_ = true;
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error) { return; }  // moved to an earlier time, or the connection has ended
    self->watching_ = false;
    if (self->deadline_ == Clock::time_point::max()) { return; }
    if (Clock::now() >= self->deadline_) {
      self->timed_out_ = true;
      error_code ignored;
      self->socket_.cancel(ignored);
      return;
    }
    self->timer_.expires_at(self->deadline_);
    self->watch();
  });
}

Awaitable<bool> Connection::fill() {
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadOctets);
  error_code error;
  const std::size_t count =
      co_await socket_.async_read_some(asio::buffer(buffer_.data() + had, kReadOctets),
                                       asio::redirect_error(asio::use_awaitable, error));
  buffer_.resize(had + count);
  worker_.counters.received_octets.add(count);
  co_return !error && count > 0;
}

Awaitable<bool> Connection::write(const std::vector<std::string_view>& pieces) {
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) { buffers.emplace_back(piece.data(), piece.size()); }
  }
  arm(Clock::now() + std::chrono::milliseconds(limits_.write_timeout_ms));
  error_code error;
  const std::size_t count = co_await asio::async_write(
      socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
  arm(Clock::time_point::max());
  worker_.counters.sent_octets.add(count);
  if (error && (timed_out_ || is_lost(error))) { note_failure(); }
  co_return !error;
}

Awaitable<ClientIo::BodyStatus> Connection::read_body(std::string& out) {
  out.clear();
  while (true) {
    if (!buffer_.empty()) {
      const auto used = body_->feed(buffer_, out);
      if (!used) { co_return BodyStatus::kBad; }
      buffer_.erase(0, *used);
    }
    if (!out.empty()) { co_return BodyStatus::kData; }
    if (body_->done()) { co_return BodyStatus::kEnd; }
    arm(Clock::now() + std::chrono::milliseconds(limits_.body_timeout_ms));
    const bool more = co_await fill();
    arm(Clock::time_point::max());
    if (!more) { co_return timed_out_ ? BodyStatus::kTimeout : BodyStatus::kGone; }
  }
}

Awaitable<Connection::Next> Connection::refuse_with(int status, std::string_view why) {
  co_await refuse(worker_, *this, status, why);
  co_await linger();
  co_return Next::kRefused;
}

Awaitable<Connection::Next> Connection::read_request() {
  const auto header_limit = static_cast<std::size_t>(limits_.header_octets);
  std::size_t scanned = 0;
  std::size_t end = 0;
  while (true) {
    // RFC 9112 2.2: an empty line before a request line is ignored.
    if (scanned == 0 && buffer_.starts_with("\r\n")) { buffer_.erase(0, 2); }
    const http::HeadScan scan = http::scan_head(buffer_, scanned, end);
    if (scan == http::HeadScan::kBadLineEnding) {
      co_return co_await refuse_with(400, http::describe(http::HeadError::kLineEnding));
    }
    const bool done = scan == http::HeadScan::kDone;
    if (done ? end > header_limit : scanned > header_limit) {
      const bool long_line = buffer_.find("\r\n") > header_limit;
      co_return co_await refuse_with(long_line ? 414 : 431, "too long");
    }
    if (done) { break; }
    idle_ = buffer_.empty();
    if (idle_ && worker_.shared.stopping) { co_return Next::kClosed; }
    if (idle_) {
      arm(Clock::now() + std::chrono::milliseconds(limits_.idle_timeout_ms));
    } else if (scanned == 0 || deadline_ == Clock::time_point::max()) {
      arm(Clock::now() + std::chrono::milliseconds(limits_.header_timeout_ms));
    }
    const bool was_idle = idle_;
    const bool more = co_await fill();
    idle_ = false;
    if (!more && timed_out_ && !was_idle) {
      timed_out_ = false;
      co_return co_await refuse_with(408, "the request head took too long");
    }
    if (!more) { co_return Next::kClosed; }
    // One deadline for the whole head, from its first octet: dripping does not extend it.
    if (was_idle) { arm(Clock::now() + std::chrono::milliseconds(limits_.header_timeout_ms)); }
  }
  arm(Clock::time_point::max());
  auto head = http::parse_request_head(std::string_view(buffer_).substr(0, end));
  if (!head) {
    co_return co_await refuse_with(http::status_for(head.error()), http::describe(head.error()));
  }
  buffer_.erase(0, end);
  const auto framing = http::request_framing(*head);
  if (!framing) {
    co_return co_await refuse_with(http::status_for(framing.error()),
                                   http::describe(framing.error()));
  }
  request_ = std::move(*head);
  framing_ = *framing;
  body_.emplace(framing_);
  co_return Next::kRequest;
}

Awaitable<void> Connection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  arm(Clock::now() + kLinger);
  for (std::size_t dropped = 0; dropped < kLingerOctets;) {
    buffer_.clear();
    const bool more = co_await fill();
    if (!more) { break; }
    dropped += buffer_.size();
  }
}

void Connection::sample_rtt() {
  if (const auto rtt = report::rtt_us_of(socket_.native_handle())) {
    worker_.shared.rtt.add(address_, *rtt);
  }
}

// An answer fails once, whatever goes wrong with it.
void Connection::note_failure() {
  if (answers_ > 0 && !std::exchange(last_failed_, true)) { ++failures_; }
}

void Connection::report_path() {
  report::PathFigures figures = report::path_figures_of(socket_.native_handle());
  if (figures.is_stuck) { note_failure(); }
  figures.requests = answers_;
  figures.failed = failures_;
  worker_.shared.rtt.add_path(address_, figures);
}

Awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  bool sampled = false;
  while (true) {
    const Next next = co_await read_request();
    bool again = false;
    if (next == Next::kRequest) { again = co_await answer(worker_, *this, request_, framing_); }
    // Refusals are answers too.
    if (!sampled && answers_ > 0) { sample_rtt(); }
    sampled = answers_ > 0;
    if (again) { continue; }
    if (next != Next::kRequest) { break; }
    if (!timed_out_) { co_await linger(); }
    break;
  }
  if (sampled) { report_path(); }
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace

void serve_connection(Worker& worker, ConnectionSet& open, int descriptor,
                      const gslb::Address& peer) {
  tcp::socket socket(worker.loop);
  error_code error;
  socket.assign(peer.is_v6() ? tcp::v6() : tcp::v4(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return;
  }
  socket.set_option(tcp::no_delay(true), error);
  const auto connection = std::make_shared<Connection>(worker, open, std::move(socket), peer);
  asio::co_spawn(worker.loop, connection->run(), asio::detached);
}

}  // namespace edge::serve
