#include "gslb/control/http_session.h"

#include <array>
#include <ctime>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "gslb/base/log.h"

namespace gslb::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Parser = http::request_parser<http::string_body>;

// Errors as values: a peer that goes away is no exception.
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
// After an error response the client may still be sending: taking it in for a while lets the
// response arrive (closing with unread octets would reset the connection).
constexpr milliseconds kLinger{1000};
constexpr std::size_t kLingerOctets = 8 * 1024 * 1024;

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %T GMT", &parts);
  return text.data();
}

// 0: not worth an answer, the client is gone or let us wait.
unsigned status_for(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  // All other errors of the parser's own.
  return error.category() == error_code(http::error::bad_method).category() ? 400 : 0;
}

struct Fault {
  bool failed = false;
  unsigned status = 0;  // 0: end without a word
};

// How a response is sent, beside what it says.
struct Framing {
  unsigned version = 11;
  bool keep_alive = false;
  bool head = false;
};

HttpResponse error_response(unsigned status) {
  return {status, "text/plain; charset=utf-8",
          std::string(http::obsolete_reason(static_cast<http::status>(status))) + "\n"};
}

template <typename Stream>
class Session final : public HttpSession {
 public:
  Session(Stream stream, const Endpoint& peer, HttpHost& host)
      : stream_(std::move(stream)), peer_(peer), host_(host) {
    host_.sessions.insert(this);
  }
  ~Session() {
    host_.sessions.erase(this);
    host_.on_session_end();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void finish() override {
    if (idle_) abort();
  }
  void abort() override { socket().close(); }

  // GCC 12 miscompiles a co_await within a condition (the coroutine resumes at the wrong place):
  // here each stands in a statement of its own.
  asio::awaitable<void> run() {
    bool more = co_await open();
    while (more) {
      more = co_await await_request();
      if (more) { more = co_await exchange(); }
    }
    co_await close();
  }

 private:
  PlainStream& socket() { return beast::get_lowest_layer(stream_); }

  asio::awaitable<bool> open() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      socket().expires_after(host_.options.handshake);
      const auto [error] =
          co_await stream_.async_handshake(asio::ssl::stream_base::server, kResult);
      co_return !error;
    }
    co_return true;
  }

  // Waits for the first octets of the next request, so that the time between requests and the
  // time of a request are two limits.
  asio::awaitable<bool> await_request() {
    if (buffer_.size() > 0) co_return true;
    if (host_.draining) co_return false;
    idle_ = true;
    socket().expires_after(host_.options.idle);
    const auto read = co_await stream_.async_read_some(buffer_.prepare(kReadOctets), kResult);
    idle_ = false;
    buffer_.commit(std::get<1>(read));
    co_return !std::get<0>(read);
  }

  // One request and its response.  False: the connection ends.
  asio::awaitable<bool> exchange() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(host_.options.header_limit_octets));
    parser.body_limit(host_.options.body_limit_octets);
    const Fault fault = co_await receive(parser);
    HttpResponse response;
    Framing framing;
    if (fault.failed) {
      if (fault.status == 0) co_return false;
      response = error_response(fault.status);
      linger_ = true;
    } else {
      framing.head = parser.get().method() == http::verb::head;
      framing.version = parser.get().version();
      framing.keep_alive = parser.get().keep_alive() && !host_.draining;
      response = respond(parser);
    }
    const bool kept = co_await send(std::move(response), framing);
    co_return kept;
  }

  asio::awaitable<Fault> receive(Parser& parser) {
    socket().expires_after(host_.options.header);
    const auto header = co_await http::async_read_header(stream_, buffer_, parser, kResult);
    if (std::get<0>(header)) co_return Fault{true, status_for(std::get<0>(header))};
    const unsigned status = fault_of(parser);
    if (status != 0) co_return Fault{true, status};
    socket().expires_after(host_.options.body);
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue), kResult);
    }
    const auto body = co_await http::async_read(stream_, buffer_, parser, kResult);
    co_return Fault{bool(std::get<0>(body)), status_for(std::get<0>(body))};
  }

  // What the parser lets pass though RFC 9112 does not.
  static unsigned fault_of(Parser& parser) {
    const auto& request = parser.get();
    // 3.2: exactly one Host in HTTP/1.1.
    const std::size_t hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && request.version() >= 11)) return 400;
    // 6.1: with both, the length is what somebody smuggled past another parser.
    const bool encoded = request.count(http::field::transfer_encoding) > 0;
    if (encoded && request.count(http::field::content_length) > 0) return 400;
    if (encoded && !parser.chunked()) return 501;
    return 0;
  }

  HttpResponse respond(Parser& parser) {
    auto message = parser.release();
    HttpRequest request;
    const bool head = message.method() == http::verb::head;
    request.method = head ? "GET" : std::string(message.method_string());
    if (!request.set_target({message.target().data(), message.target().size()})) {
      return error_response(400);
    }
    for (const auto& field : message) {
      request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    request.body = std::move(message.body());
    request.peer = peer_;
    request.tls = std::is_same_v<Stream, TlsStream>;
    try {
      return host_.handler(request);
    } catch (const std::exception& exception) {
      log_error("http", "a request failed",
                {{"method", request.method}, {"path", request.path}, {"why", exception.what()}});
      return error_response(500);
    }
  }

  asio::awaitable<bool> send(HttpResponse from, Framing framing) {
    http::response<http::string_body> response(static_cast<http::status>(from.status),
                                               framing.version);
    response.set(http::field::date, http_date());
    response.set(http::field::content_type, from.content_type);
    for (const auto& [name, value] : from.headers) response.insert(name, value);
    response.keep_alive(framing.keep_alive);
    response.body() = std::move(from.body);
    response.prepare_payload();
    http::response_serializer<http::string_body> serializer(response);
    socket().expires_after(host_.options.write);
    error_code error;
    if (framing.head) {
      const auto sent = co_await http::async_write_header(stream_, serializer, kResult);
      error = std::get<0>(sent);
    } else {
      const auto sent = co_await http::async_write(stream_, serializer, kResult);
      error = std::get<0>(sent);
    }
    co_return !error && framing.keep_alive;
  }

  asio::awaitable<void> close() {
    if (!socket().socket().is_open()) co_return;
    socket().expires_after(kLinger);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      if (!linger_) {
        co_await stream_.async_shutdown(kResult);
        co_return;
      }
    }
    error_code ignored;
    socket().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    std::vector<std::uint8_t> sink(linger_ ? kReadOctets : 0);
    for (std::size_t total = 0; linger_ && total < kLingerOctets;) {
      const auto read = co_await socket().async_read_some(asio::buffer(sink), kResult);
      if (std::get<0>(read)) co_return;
      total += std::get<1>(read);
    }
  }

  static constexpr std::size_t kReadOctets = 4096;

  Stream stream_;
  const Endpoint peer_;
  HttpHost& host_;
  beast::flat_buffer buffer_;
  bool idle_ = false;
  bool linger_ = false;  // the client may be sending what nobody will read
};

asio::awaitable<void> serve_plain(PlainStream stream, Endpoint peer, HttpHost& host) {
  Session<PlainStream> session(std::move(stream), peer, host);
  co_await session.run();
}

asio::awaitable<void> serve_tls(PlainStream stream, Endpoint peer,
                                std::shared_ptr<asio::ssl::context> tls, HttpHost& host) {
  Session<TlsStream> session(TlsStream(std::move(stream), *tls), peer, host);
  co_await session.run();
}

}  // namespace

void spawn_http_session(asio::io_context& io, int fd, const Endpoint& peer,
                        std::shared_ptr<asio::ssl::context> tls, HttpHost& host) {
  PlainStream stream(io);
  error_code error;
  stream.socket().assign(peer.address.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd,
                         error);
  // Only memory can fail in a session; it then ends, and so does nothing else.
  const auto done = [](std::exception_ptr) {};
  if (tls) {
    asio::co_spawn(io, serve_tls(std::move(stream), peer, std::move(tls), host), done);
  } else {
    asio::co_spawn(io, serve_plain(std::move(stream), peer, host), done);
  }
}

}  // namespace gslb::control
