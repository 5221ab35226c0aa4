#include "gslb/ctl/http_client.h"

#include <optional>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <openssl/ssl.h>

namespace gslb::ctl {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t kMaxReplyOctets = std::size_t{64} * 1024 * 1024;

struct Target {
  bool tls = false;
  std::string authority;  // for the Host header, as written
  std::string host;
  std::string port;
  std::string path;
};

// "http://[::1]:8053/path": nullopt when it is not of that form.
std::optional<Target> parse_url(std::string_view url) {
  Target target;
  if (url.starts_with("https://")) {
    target.tls = true;
  } else if (!url.starts_with("http://")) {
    return std::nullopt;
  }
  url.remove_prefix(target.tls ? 8 : 7);
  const std::size_t slash = std::min(url.find_first_of("/?"), url.size());
  target.authority = url.substr(0, slash);
  target.path = url.substr(slash);
  if (target.path.empty() || target.path.front() != '/') target.path.insert(0, "/");
  std::string_view host = target.authority;
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  target.port = target.tls ? "443" : "80";
  if (colon != std::string_view::npos) {
    target.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host.remove_prefix(1);
    host.remove_suffix(1);
  }
  target.host = host;
  const bool digits = target.port.find_first_not_of("0123456789") == std::string::npos;
  if (target.host.empty() || target.port.empty() || !digits) return std::nullopt;
  return target;
}

// Errors are exceptions within the call; `doing` says during which step.
class Exchange {
 public:
  Exchange(const HttpCall& call, const Target& target) : call_(call), target_(target) {}

  asio::awaitable<HttpReply> run(asio::io_context& io) {
    doing_ = "find " + target_.host;
    tcp::resolver resolver(io);
    const auto found =
        co_await resolver.async_resolve(target_.host, target_.port, asio::use_awaitable);
    doing_ = "connect to " + target_.authority;
    tcp::socket socket(io);
    co_await asio::async_connect(socket, found, asio::use_awaitable);
    if (!target_.tls) co_return co_await talk(socket);
    doing_ = "set up TLS";
    asio::ssl::context context = make_context();
    asio::ssl::stream<tcp::socket> stream(std::move(socket), context);
    if (call_.verify) {
      stream.set_verify_mode(asio::ssl::verify_peer);
      stream.set_verify_callback(asio::ssl::host_name_verification(target_.host));
    }
    SSL_set_tlsext_host_name(stream.native_handle(), target_.host.c_str());
    doing_ = "agree on TLS with " + target_.authority;
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_return co_await talk(stream);
  }

  const std::string& doing() const { return doing_; }

 private:
  asio::ssl::context make_context() const {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    if (call_.authorities_path.empty()) {
      context.set_default_verify_paths();
    } else {
      context.load_verify_file(call_.authorities_path);
    }
    return context;
  }

  template <typename Stream>
  asio::awaitable<HttpReply> talk(Stream& stream) {
    http::request<http::string_body> request;
    request.version(11);
    request.method_string(call_.method);
    request.target(target_.path);
    request.set(http::field::host, target_.authority);
    request.set(http::field::connection, "close");
    if (!call_.body.empty()) request.set(http::field::content_type, call_.content_type);
    for (const auto& [name, value] : call_.headers) request.set(name, value);
    request.body() = call_.body;
    request.prepare_payload();
    doing_ = "send the request to " + target_.authority;
    co_await http::async_write(stream, request, asio::use_awaitable);
    doing_ = "read the reply of " + target_.authority;
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxReplyOctets);
    parser.skip(call_.method == "HEAD");
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    auto& reply = parser.get();
    co_return HttpReply{reply.result_int(), std::string(reply[http::field::content_type]),
                        std::move(reply.body())};
  }

  const HttpCall& call_;
  const Target& target_;
  std::string doing_;
};

std::string why(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const boost::system::system_error& error) {
    return error.code().message();
  } catch (const std::exception& error) { return error.what(); }
}

}  // namespace

Result<HttpReply, std::string> http_call(const HttpCall& call) {
  const std::optional<Target> target = parse_url(call.url);
  if (!target) return Unexpected(call.url + " is not an http:// or https:// URL");
  Exchange exchange(call, *target);
  std::optional<Result<HttpReply, std::string>> result;
  asio::io_context io;
  asio::co_spawn(io, exchange.run(io), [&](std::exception_ptr failure, HttpReply reply) {
    if (failure) {
      result = Unexpected("can't " + exchange.doing() + ": " + why(std::move(failure)));
    } else {
      result = std::move(reply);
    }
  });
  io.run_for(call.timeout);
  if (result) return *std::move(result);
  return Unexpected("can't " + exchange.doing() + ": no answer within " +
                    std::to_string(call.timeout.count()) + " ms");
}

}  // namespace gslb::ctl
