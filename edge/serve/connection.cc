#include "edge/serve/connection.h"

#include <algorithm>
#include <chrono>
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

#include "edge/report/rtt.h"
#include "edge/serve/http1.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadOctets = 16 * 1024;
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::size_t kLingerOctets = 256 * 1024;

// The network gave up.  A client that closes in the middle, which is often what its user wants, is
// none of these.
bool is_lost(const error_code& error) {
  return error == asio::error::timed_out || error == asio::error::host_unreachable ||
         error == asio::error::network_unreachable || error == asio::error::network_down;
}

class Connection final : public Transport,
                         public ConnectionHandle,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, ConnectionSet& open, tcp::socket socket, const gslb::Address& peer)
      : worker_(worker),
        config_(worker.config),
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

  Awaitable<bool> read(std::string& buffer) override;
  void set_read_deadline(Clock::time_point deadline) override;
  bool timed_out() const override { return timed_out_; }
  Awaitable<bool> write(const std::vector<std::string_view>& pieces) override;
  Awaitable<void> linger(std::string& buffer) override;
  void set_idle(bool idle) override { idle_ = idle; }
  void note_answer(int status) override {
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
  void note_failure();
  void sample_rtt();
  void report_path();
  void arm(Clock::time_point deadline);
  void watch();

  Worker& worker_;
  const config::ConfigRef config_;
  ConnectionSet& open_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  Clock::time_point read_deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();
  bool watching_ = false;
  bool timed_out_ = false;
  bool idle_ = false;
  bool sampled_ = false;
  std::uint32_t answers_ = 0;
  std::uint32_t failures_ = 0;  // of them
  bool last_failed_ = false;    // the last of them
  const gslb::Address address_;
  const std::string peer_;
};

// One timer per connection that looks at the deadlines when it fires: moving one, which every read
// and write does, costs a store and no timer operation.
void Connection::arm(Clock::time_point deadline) {
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
    const auto deadline = std::min(self->read_deadline_, self->write_deadline_);
    if (deadline == Clock::time_point::max()) { return; }
    if (Clock::now() >= deadline) {
      self->timed_out_ = true;
      error_code ignored;
      self->socket_.cancel(ignored);
      return;
    }
    self->timer_.expires_at(deadline);
    self->watch();
  });
}

void Connection::set_read_deadline(Clock::time_point deadline) {
  read_deadline_ = deadline;
  arm(deadline);
}

Awaitable<bool> Connection::read(std::string& buffer) {
  const std::size_t had = buffer.size();
  buffer.resize(had + kReadOctets);
  timed_out_ = false;
  error_code error;
  const std::size_t count =
      co_await socket_.async_read_some(asio::buffer(buffer.data() + had, kReadOctets),
                                       asio::redirect_error(asio::use_awaitable, error));
  buffer.resize(had + count);
  worker_.counters.received_octets.add(count);
  co_return !error && count > 0;
}

Awaitable<bool> Connection::write(const std::vector<std::string_view>& pieces) {
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(pieces.size());
  for (const std::string_view piece : pieces) { buffers.emplace_back(piece.data(), piece.size()); }
  timed_out_ = false;
  write_deadline_ = Clock::now() + std::chrono::milliseconds(config_->limits.write_timeout_ms);
  arm(write_deadline_);
  error_code error;
  const std::size_t count = co_await asio::async_write(
      socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
  write_deadline_ = Clock::time_point::max();
  worker_.counters.sent_octets.add(count);
  if (error && (timed_out_ || is_lost(error))) { note_failure(); }
  if (!error && !sampled_) { sample_rtt(); }
  co_return !error;
}

Awaitable<void> Connection::linger(std::string& buffer) {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  set_read_deadline(Clock::now() + kLinger);
  for (std::size_t dropped = 0; dropped < kLingerOctets;) {
    buffer.clear();
    const bool more = co_await read(buffer);
    if (!more) { break; }
    dropped += buffer.size();
  }
}

void Connection::sample_rtt() {
  sampled_ = true;
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
  co_await serve_http1(worker_, *this);
  if (answers_ > 0 && !sampled_) { sample_rtt(); }
  if (answers_ > 0) { report_path(); }
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
