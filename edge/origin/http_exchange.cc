// One request to the servers of an origin: which of them, and what when it fails.
#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/origin/origin_pool.h"
#include "edge/origin/signal.h"
#include "edge/origin/talk.h"
#include "gslb/base/hash.h"

namespace edge::origin {
namespace {

using Clock = std::chrono::steady_clock;
using Head = gslb::Result<http::ResponseHead, OriginError>;

// A server that is being asked; the end of it makes room for the next.
class Turn {
 public:
  Turn(Backends& backends, std::size_t server) : backends_(backends), server_(server) {}
  ~Turn() { backends_.leave(server_, Clock::now()); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  std::size_t server() const noexcept { return server_; }
  void report(bool good) {
    if (!std::exchange(reported_, true)) { backends_.report(server_, good, Clock::now()); }
  }

  std::unique_ptr<Talk> talk;

 private:
  Backends& backends_;
  const std::size_t server_;
  bool reported_ = false;
};

// Leaves the queue however the wait ends.
struct QueueEnd {
  Backends& backends;
  const std::shared_ptr<QueuedRequest>& request;
  bool taken = false;
  ~QueueEnd() {
    const auto server = backends.withdraw(*request);
    if (server && !taken) { backends.leave(*server, Clock::now()); }
  }
};

// The client's address, as the last proxy wrote it.
std::string_view client_of(const http::Fields& fields, std::string& room) {
  room = fields.joined("X-Forwarded-For");
  const std::size_t comma = room.rfind(',');
  return http::trim(std::string_view(room).substr(comma == room.npos ? 0 : comma + 1));
}

// 5xx that speak of the server rather than of the request.
bool is_server_failure(int status) { return status == 500 || (status >= 502 && status <= 504); }

class HttpExchange final : public Exchange {
 public:
  explicit HttpExchange(std::shared_ptr<OriginPool> pool) : pool_(std::move(pool)) {}

  Awaitable<Status> send_head(http::RequestHead head, bool retriable) override;
  Awaitable<Status> send_body(std::string_view octets) override;
  Awaitable<Head> read_head() override;
  Awaitable<gslb::Result<bool, OriginError>> read_body(std::string& out) override;
  std::uint64_t octets_read() const override {
    return octets_before_ + (turn_ && turn_->talk ? turn_->talk->octets_read() : 0);
  }

 private:
  const config::Origin& origin() const { return pool_->origin(); }
  // A server that has room, and a connection to it with the head sent.
  Awaitable<Status> start();
  Awaitable<Status> take_turn();
  Awaitable<Status> wait_for_turn();
  Awaitable<Status> open(bool may_reuse);
  bool has_untried() const;
  bool may_try_again(OriginError error);
  Awaitable<Head> read_head_of_turn();
  bool is_refused(const http::ResponseHead& head) const;
  Awaitable<Head> ask_another(http::ResponseHead refused);
  void end_turn();

  const std::shared_ptr<OriginPool> pool_;
  std::unique_ptr<Turn> turn_;
  std::string method_;
  std::string head_text_;
  bool retriable_ = false;
  bool told_interim_ = false;
  int retries_ = 0;
  Wanted wanted_;
  Patience patience_;
  std::uint64_t octets_before_ = 0;  // of earlier turns
};

Awaitable<Exchange::Status> HttpExchange::send_head(http::RequestHead head, bool retriable) {
  method_ = head.method;
  head_text_ = http::write_request_head(head);
  retriable_ = retriable;
  std::string room;
  wanted_.url_hash = gslb::hash_text(head.target, gslb::hash_text(head.host));
  wanted_.client_hash = gslb::hash_text(client_of(head.fields, room));
  patience_.first_byte_ms = origin().first_byte_timeout_ms;
  patience_.between_bytes_ms = origin().between_bytes_timeout_ms;
  if (origin().total_timeout_ms > 0) {
    patience_.deadline = Clock::now() + std::chrono::milliseconds(origin().total_timeout_ms);
  }
  co_return co_await start();
}

Awaitable<Exchange::Status> HttpExchange::start() {
  while (true) {
    const Status turned = co_await take_turn();
    if (!turned) { co_return turned; }
    const Status opened = co_await open(true);
    if (opened) { co_return opened; }
    const OriginError error = opened.error();
    turn_->report(false);
    end_turn();
    if (!may_try_again(error)) { co_return opened; }
  }
}

bool HttpExchange::has_untried() const {
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - origin().servers.size());
  return (wanted_.tried & all) != all;
}

// Counts one more try.  What was not sent may go to the next server without ado; what was sent, if
// it may be sent twice (RFC 9110 9.2.2) and the budget lets it.
bool HttpExchange::may_try_again(OriginError error) {
  const bool not_sent = error == OriginError::kResolve || error == OriginError::kConnect ||
                        error == OriginError::kConnectTimeout || error == OriginError::kTls;
  if (patience_.deadline && Clock::now() >= *patience_.deadline) { return false; }
  const bool has_other = has_untried();
  if (not_sent) { return has_other; }
  if (!retriable_ || retries_ >= origin().failover.retries) { return false; }
  if (!pool_->backends->may_retry()) { return false; }
  ++retries_;
  // Nobody else is there: the same once more.
  if (!has_other) { wanted_.tried = 0; }
  return true;
}

Awaitable<Exchange::Status> HttpExchange::take_turn() {
  std::size_t server = 0;
  const Backends::Choice choice = pool_->backends->choose(wanted_, Clock::now(), server);
  if (choice == Backends::Choice::kNone) { co_return gslb::Unexpected(OriginError::kConnect); }
  if (choice == Backends::Choice::kFull) { co_return co_await wait_for_turn(); }
  turn_ = std::make_unique<Turn>(*pool_->backends, server);
  co_return Status{};
}

Awaitable<Exchange::Status> HttpExchange::wait_for_turn() {
  Signal signal(pool_->loop, pool_->directory.halted());
  const auto request = std::make_shared<QueuedRequest>();
  request->wanted = wanted_;
  request->wake = signal.waker();
  const bool queued = pool_->backends->enqueue(request, Clock::now());
  if (!queued) { co_return gslb::Unexpected(OriginError::kBusy); }
  QueueEnd end{*pool_->backends, request};
  co_await signal.wait(gslb::milliseconds(request->server ? 0 : origin().queue_timeout_ms));
  const auto server = pool_->backends->withdraw(*request);
  if (!server) { co_return gslb::Unexpected(OriginError::kBusy); }
  end.taken = true;
  turn_ = std::make_unique<Turn>(*pool_->backends, *server);
  co_return Status{};
}

Awaitable<Exchange::Status> HttpExchange::open(bool may_reuse) {
  const std::size_t server = turn_->server();
  // Only what may be repeated is risked on a connection the server may be closing just now.
  ConnectionRef connection;
  if (retriable_ && may_reuse) { connection = pool_->take_idle(server); }
  if (!connection) {
    connection = std::make_unique<Connection>(pool_->loop);
    TlsContext* const tls = origin().servers[server].url.tls ? &pool_->tls() : nullptr;
    const Dial dial{pool_->loop, pool_->directory, origin(), server, tls};
    const Status connected = co_await connect_to(*connection, dial);
    if (!connected) { co_return connected; }
  }
  turn_->talk = std::make_unique<Talk>(std::move(connection), patience_);
  const Status sent = co_await turn_->talk->write(head_text_);
  if (!sent && turn_->talk->was_stale(sent.error())) { co_return co_await open(false); }
  co_return sent;
}

Awaitable<Exchange::Status> HttpExchange::send_body(std::string_view octets) {
  return turn_->talk->write(octets);
}

// RFC 9112 9.3.1: a pooled connection the server closed just before our request arrived says
// nothing about the server.
Awaitable<Head> HttpExchange::read_head_of_turn() {
  Head head = co_await turn_->talk->read_head(method_);
  if (head || !retriable_ || !turn_->talk->was_stale(head.error())) { co_return head; }
  const Status opened = co_await open(false);
  if (!opened) { co_return gslb::Unexpected(opened.error()); }
  co_return co_await turn_->talk->read_head(method_);
}

bool HttpExchange::is_refused(const http::ResponseHead& head) const {
  const std::vector<int>& statuses = origin().failover.retry_statuses;
  return std::find(statuses.begin(), statuses.end(), head.status) != statuses.end();
}

Awaitable<Head> HttpExchange::read_head() {
  while (true) {
    Head head = co_await read_head_of_turn();
    if (head && head->status < 200) {
      told_interim_ = true;
      co_return head;
    }
    turn_->report(head && !is_server_failure(head->status));
    if (head && is_refused(*head) && !told_interim_) {
      co_return co_await ask_another(std::move(*head));
    }
    if (head) {
      if (turn_->talk->is_over()) { end_turn(); }
      co_return head;
    }
    const OriginError error = head.error();
    // Once a single octet of an answer is here, there is an answer.
    const bool untouched = !told_interim_ && (!turn_->talk || turn_->talk->octets_read() == 0);
    if (!untouched) { co_return head; }
    end_turn();
    if (!may_try_again(error)) { co_return head; }
    const Status started = co_await start();
    if (!started) { co_return gslb::Unexpected(started.error()); }
  }
}

// The refusal is kept until there is something better.
Awaitable<Head> HttpExchange::ask_another(http::ResponseHead refused) {
  std::unique_ptr<Turn> first = std::move(turn_);
  wanted_.tried |= std::uint64_t{1} << first->server();
  Head head = gslb::Unexpected(OriginError::kConnect);
  // Who has answered is not asked the same again: it would have to wait for its own end.
  if (has_untried() && may_try_again(OriginError::kClosed)) {
    const Status started = co_await start();
    if (started) { head = co_await read_head(); }
  }
  if (head && !is_refused(*head)) {
    octets_before_ += first->talk->octets_read();
    co_return head;
  }
  if (turn_) { end_turn(); }
  turn_ = std::move(first);
  if (turn_->talk->is_over()) { end_turn(); }
  co_return refused;
}

Awaitable<gslb::Result<bool, OriginError>> HttpExchange::read_body(std::string& out) {
  out.clear();
  if (!turn_) { co_return false; }
  const auto more = co_await turn_->talk->read_body(out);
  if (!more) { pool_->backends->report(turn_->server(), false, Clock::now()); }
  if (!more || !*more || turn_->talk->is_over()) { end_turn(); }
  co_return more;
}

void HttpExchange::end_turn() {
  const std::unique_ptr<Turn> turn = std::move(turn_);
  wanted_.tried |= std::uint64_t{1} << turn->server();
  if (!turn->talk) { return; }
  octets_before_ += turn->talk->octets_read();
  ConnectionRef connection = turn->talk->take_connection();
  if (connection) { pool_->give_back(turn->server(), std::move(connection)); }
}

}  // namespace

std::unique_ptr<Exchange> http_exchange(std::shared_ptr<OriginPool> pool) {
  return std::make_unique<HttpExchange>(std::move(pool));
}

}  // namespace edge::origin
