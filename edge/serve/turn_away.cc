#include "edge/serve/turn_away.h"

#include <array>
#include <chrono>
#include <memory>
#include <string>
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

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMostAtOnce = 64;  // of one worker
constexpr std::chrono::milliseconds kPatience{500};
constexpr int kMostReads = 4;

asio::awaitable<void> say_so(Worker& worker, tcp::socket socket) {
  ++worker.turned_away;
  const auto client = std::make_shared<tcp::socket>(std::move(socket));
  asio::steady_timer timer(worker.loop, kPatience);
  timer.async_wait([client](const error_code& error) {
    error_code ignored;
    if (!error) { client->cancel(ignored); }
  });
  const std::string answer =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n"
      "Retry-After: " +
      std::to_string(worker.config->limits.retry_after_s) + "\r\n\r\n";
  error_code error;
  co_await asio::async_write(*client, asio::buffer(answer),
                             asio::redirect_error(asio::use_awaitable, error));
  if (!error) { client->shutdown(tcp::socket::shutdown_send, error); }
  std::array<char, 4096> unread{};
  for (int i = 0; i < kMostReads && !error; ++i) {
    co_await client->async_read_some(asio::buffer(unread),
                                     asio::redirect_error(asio::use_awaitable, error));
  }
  timer.cancel();
  client->close(error);
  --worker.turned_away;
}

}  // namespace

void turn_away(Worker& worker, int descriptor, bool is_v6) {
  tcp::socket socket(worker.loop);
  error_code error;
  if (worker.turned_away < kMostAtOnce) {
    socket.assign(is_v6 ? tcp::v6() : tcp::v4(), descriptor, error);
  }
  if (error || !socket.is_open()) {
    ::close(descriptor);
    return;
  }
  asio::co_spawn(worker.loop, say_so(worker, std::move(socket)), asio::detached);
}

}  // namespace edge::serve
