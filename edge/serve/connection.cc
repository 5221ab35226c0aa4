#include "edge/serve/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/serve/http1.h"
#include "edge/serve/http2.h"
#include "edge/serve/path_watch.h"
#include "edge/serve/proxy_reader.h"
#include "edge/serve/socket_io.h"
#include "edge/serve/tls_server.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// What a connection that waits for a request has to read into; most requests fit.
constexpr std::size_t kFirstOctets = 1024;
// A client that takes whatever is written lets others have their turn after so much.
constexpr std::size_t kTurnOctets = 1024 * 1024;
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::size_t kLingerOctets = 256 * 1024;

// The network gave up.  A client that closes in the middle, which is often what its user wants, is
// none of these.
bool is_lost(int error) {
  return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN;
}

class Connection final : public Transport,
                         public ConnectionHandle,
                         public SocketWait,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, ConnectionSet& open, tcp::socket socket, const gslb::Address& peer,
             const config::Listener& listener)
      : worker_(worker),
        config_(worker.config),
        open_(open),
        socket_(std::move(socket)),
        io_(socket_.native_handle(), *this, worker.counters),
        timer_(worker.loop),
        path_(worker.shared.rtt),
        tls_server_(listener.tls ? worker.tls : nullptr),
        awaits_header_(std::any_of(listener.proxy_from.begin(), listener.proxy_from.end(),
                                   [&](const auto& prefix) { return prefix.contains(peer); })),
        allows_http2_(listener.http2),
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
  void hold(std::unique_ptr<rules::ClientCount::Place> place) { place_ = std::move(place); }

  Awaitable<bool> read(std::string& buffer) override;
  void set_read_deadline(Clock::time_point deadline) override;
  bool timed_out() const override { return timed_out_; }
  Awaitable<bool> write(const std::vector<std::string_view>& pieces) override;
  Awaitable<bool> write_body(std::string_view before, const std::vector<cache::Slice>& slices,
                             std::string_view behind) override;
  Awaitable<void> linger(std::string& buffer) override;
  void cancel() override {
    error_code ignored;
    socket_.cancel(ignored);
  }
  void set_idle(bool idle) override { idle_ = idle; }
  void note_answer(int status) override { path_.note_answer(status); }
  bool is_secure() const override { return io_.tls() != nullptr; }
  bool is_for(std::string_view host) const override {
    return !is_secure() || tls_server_->certificates_for(host) == io_.tls()->certificates();
  }
  const std::string& peer() const override { return peer_; }
  void end_if_idle() override {
    if (idle_) { cancel(); }
  }

 private:
  Awaitable<bool> open();
  Awaitable<bool> read_proxy_header();
  Awaitable<bool> begins_http2(std::string& received);
  Awaitable<bool> shake_hands();
  Awaitable<bool> wait_for(What what) override;
  Awaitable<int> write_on();
  bool end_write(int error);
  void arm(Clock::time_point deadline);
  void watch();

  Worker& worker_;
  const config::ConfigRef config_;
  ConnectionSet& open_;
  tcp::socket socket_;
  SocketIo io_;
  std::array<char, kFirstOctets> first_;
  std::size_t turn_octets_ = 0;  // written since others had theirs
  asio::steady_timer timer_;
  Clock::time_point read_deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();
  bool watching_ = false;
  bool timed_out_ = false;
  bool idle_ = false;
  PathWatch path_;
  std::shared_ptr<const TlsServer> tls_server_;  // null: a plain listener
  const bool awaits_header_;                     // of the PROXY protocol
  const bool allows_http2_;                      // without TLS
  gslb::Address address_;
  std::string peer_;
  std::unique_ptr<rules::ClientCount::Place> place_;  // null: its connections are not counted
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

Awaitable<bool> Connection::wait_for(What what) {
  error_code error;
  co_await socket_.async_wait(
      what == What::kRead ? tcp::socket::wait_read : tcp::socket::wait_write,
      asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

Awaitable<bool> Connection::read(std::string& buffer) {
  timed_out_ = false;
  std::size_t count = 0;
  if (io_.tls() != nullptr) {
    count = co_await io_.read_tls(buffer);
  } else {
    error_code error;
    count = co_await socket_.async_read_some(asio::buffer(first_),
                                             asio::redirect_error(asio::use_awaitable, error));
    if (error) { count = 0; }
    buffer.append(first_.data(), count);
    if (count == first_.size()) { count += io_.read_rest(buffer); }
  }
  worker_.counters.received_octets.add(count);
  co_return count > 0;
}

Awaitable<bool> Connection::write(const std::vector<std::string_view>& pieces) {
  timed_out_ = false;
  int error = io_.write(pieces);
  if (error == EAGAIN) { error = co_await write_on(); }
  co_return end_write(error);
}

Awaitable<bool> Connection::write_body(std::string_view before,
                                       const std::vector<cache::Slice>& slices,
                                       std::string_view behind) {
  timed_out_ = false;
  int error = io_.write_body(before, slices, behind);
  if (error == EAGAIN) { error = co_await write_on(); }
  const bool sent = end_write(error);
  for (const cache::Slice& slice : slices) { turn_octets_ += slice.size; }
  if (sent && turn_octets_ >= kTurnOctets) {
    turn_octets_ = 0;
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);
  }
  co_return sent;
}

// The client is slow: from here on it has the write timeout.
Awaitable<int> Connection::write_on() {
  write_deadline_ = Clock::now() + std::chrono::milliseconds(config_->limits.write_timeout_ms);
  arm(write_deadline_);
  const int error = co_await io_.finish_write();
  write_deadline_ = Clock::time_point::max();
  co_return error;
}

bool Connection::end_write(int error) {
  if (error != 0 && (timed_out_ || is_lost(error))) { path_.note_failure(); }
  if (error == 0 && !awaits_header_) { path_.note_sent(socket_.native_handle(), address_); }
  return error == 0;
}

Awaitable<void> Connection::linger(std::string& buffer) {
  error_code error;
  if (is_secure()) { io_.tls()->close_notify(); }
  socket_.shutdown(tcp::socket::shutdown_send, error);
  set_read_deadline(Clock::now() + kLinger);
  for (std::size_t dropped = 0; dropped < kLingerOctets;) {
    buffer.clear();
    const bool more = co_await read(buffer);
    if (!more) { break; }
    dropped += buffer.size();
  }
}

Awaitable<bool> Connection::read_proxy_header() {
  ProxyReader reader;
  ProxyReader::Step step = ProxyReader::Step::kMore;
  while (step == ProxyReader::Step::kMore) {
    const bool more = co_await wait_for(What::kRead);
    if (!more) { co_return false; }
    step = reader.read(socket_.native_handle());
  }
  if (const auto& client = reader.client()) {
    address_ = client->address;
    peer_ = address_.to_string();
  }
  co_return step == ProxyReader::Step::kDone;
}

Awaitable<bool> Connection::shake_hands() {
  ssl_st* const ssl = tls_server_->accept();
  if (ssl == nullptr) { co_return false; }
  const bool done = co_await io_.shake_hands(ssl);
  if (done) {
    worker_.counters.tls_handshakes[io_.tls()->is_tls13()][io_.tls()->is_resumed()].add();
  } else {
    (timed_out_ ? worker_.counters.tls_timeouts : worker_.counters.tls_failures).add();
  }
  co_return done;
}

// What comes before the first request.
Awaitable<bool> Connection::open() {
  if (!awaits_header_ && !tls_server_) { co_return true; }
  set_read_deadline(Clock::now() + std::chrono::milliseconds(config_->limits.handshake_timeout_ms));
  bool opened = true;
  if (awaits_header_) {
    opened = co_await read_proxy_header();
    if (!opened) { worker_.counters.proxy_failures.add(); }
  }
  if (opened && tls_server_) { opened = co_await shake_hands(); }
  set_read_deadline(Clock::time_point::max());
  co_return opened;
}

// HTTP/2 without TLS, where the listener allows it: the client begins as if it knew.
Awaitable<bool> Connection::begins_http2(std::string& received) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (!allows_http2_) { co_return false; }
  set_read_deadline(Clock::now() + std::chrono::milliseconds(config_->limits.idle_timeout_ms));
  while (received.size() < kPreface.size() && kPreface.starts_with(received)) {
    idle_ = received.empty();
    const bool more = co_await read(received);
    idle_ = false;
    if (!more) { break; }
  }
  co_return received.starts_with(kPreface);
}

Awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  const bool opened = co_await open();
  std::string received;
  bool is_http2 = opened && is_secure() && io_.tls()->speaks_http2();
  if (opened && !is_secure()) { is_http2 = co_await begins_http2(received); }
  if (opened && is_http2) { co_await serve_http2(worker_, *this, std::move(received)); }
  if (opened && !is_http2) { co_await serve_http1(worker_, *this, std::move(received)); }
  // Behind a proxy, the kernel knows the way to the proxy and not to the client.
  if (!awaits_header_) { path_.report(socket_.native_handle(), address_); }
  timer_.cancel();
  if (is_secure()) { io_.tls()->close_notify(); }
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace

void serve_connection(Worker& worker, ConnectionSet& open, int descriptor,
                      const gslb::Address& peer, const config::Listener& listener) {
  const std::int64_t most = worker.config->limits.client_connections;
  std::unique_ptr<rules::ClientCount::Place> place;
  // Behind a proxy all come from one address.
  if (most > 0 && listener.proxy_from.empty()) {
    place = worker.shared.clients.enter(peer, most);
    if (!place) {
      worker.counters.connections_refused.add();
      ::close(descriptor);
      return;
    }
  }
  tcp::socket socket(worker.loop);
  error_code error;
  socket.assign(peer.is_v6() ? tcp::v6() : tcp::v4(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return;
  }
  socket.set_option(tcp::no_delay(true), error);
  socket.native_non_blocking(true, error);
  const auto connection =
      std::make_shared<Connection>(worker, open, std::move(socket), peer, listener);
  connection->hold(std::move(place));
  asio::co_spawn(worker.loop, connection->run(), asio::detached);
}

}  // namespace edge::serve
