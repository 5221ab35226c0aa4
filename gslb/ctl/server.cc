#include "gslb/ctl/server.h"

#include <cerrno>
#include <cstring>

#include "gslb/base/file.h"
#include "gslb/config/config.h"

namespace gslb::ctl {
namespace {

std::string url_of(const config::Admin& admin) {
  Endpoint at = admin.listen;
  // Listening on every address includes loopback.
  if (at.address.is_unspecified()) {
    at.address = *Address::parse(at.address.is_v6() ? "::1" : "127.0.0.1");
  }
  return (admin.tls_certificate.empty() ? "http://" : "https://") + at.to_string();
}

Result<ServerAddress, std::string> from_file(const std::string& path) {
  Problems problems;
  const auto admin = config::load_admin(path, problems);
  if (!admin) {
    return Unexpected(problems.to_string() + "where the server listens is not known from " + path +
                      "; say it with --url, or name another file with -c");
  }
  return ServerAddress{url_of(*admin), admin->token, {}};
}

}  // namespace

Result<ServerAddress, std::string> find_server(const Connection& options,
                                               const Environment& environment) {
  ServerAddress server;
  const char* const url = environment("PROXIMA_URL");
  if (options.url) {
    server.url = *options.url;
  } else if (!options.config_file && url != nullptr && *url != '\0') {
    server.url = url;
  } else {
    auto found = from_file(options.config_file.value_or(kDefaultConfig));
    if (!found) { return found; }
    server = *std::move(found);
  }
  while (server.url.ends_with('/')) { server.url.pop_back(); }
  const char* const token = environment("PROXIMA_TOKEN");
  if (options.token) {
    server.token = *options.token;
  } else if (options.token_file) {
    const auto text = read_file(*options.token_file, 4096);
    if (!text) { return Unexpected(*options.token_file + ": " + std::strerror(errno)); }
    server.token = text->substr(0, text->find_last_not_of(" \r\n\t") + 1);
  } else if (token != nullptr && *token != '\0') {
    server.token = token;
  }
  if (server.token.find_first_of("\r\n") != std::string::npos) {
    return Unexpected(std::string("the token has a line break"));
  }
  if (options.authorities_file) { server.authorities_path = *options.authorities_file; }
  return server;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[octet >> 4];
    encoded += kHex[octet & 15];
  }
  return encoded;
}

HttpCall make_call(const ServerAddress& server, std::string method, const std::string& path,
                   const Parameters& parameters) {
  HttpCall call;
  call.url = server.url + path;
  call.method = std::move(method);
  call.authorities_path = server.authorities_path;
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) { continue; }
    call.url += separator + name + "=" + percent_encode(value);
    separator = '&';
  }
  if (!server.token.empty()) {
    call.headers.emplace_back("Authorization", "Bearer " + server.token);
  }
  return call;
}

}  // namespace gslb::ctl
