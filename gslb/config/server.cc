#include <algorithm>
#include <array>

#include <unistd.h>

#include "gslb/base/file.h"
#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::uint16_t kDnsTlsPort = 853;  // RFC 7858 3.1
constexpr std::uint16_t kAdminPort = 8053;
constexpr std::size_t kMaxText = 255;  // one character-string of a TXT record (RFC 1035 3.3)
constexpr std::size_t kMinToken = 16;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::optional<Endpoint> parse_endpoint(const LocatedString& text, std::uint16_t default_port,
                                       Problems& problems) {
  const auto endpoint = Endpoint::parse(text.text, default_port);
  if (!endpoint) {
    problems.error(text.at, "'" + text.text + "' is not an address with a port",
                   "such as \"192.0.2.1:53\" or \"[2001:db8::1]:53\"; names are not looked up");
  }
  return endpoint;
}

std::vector<Endpoint> read_endpoints(TomlTable& server, std::string_view key,
                                     std::uint16_t default_port, std::string_view hint,
                                     Context& context) {
  std::vector<Endpoint> found;
  for (const LocatedString& text : read_list(server, key, hint, context)) {
    const auto endpoint = parse_endpoint(text, default_port, context.problems);
    if (!endpoint) { continue; }
    // Port 0 is a new port each time, so it may be asked for twice.
    const bool twice = std::find(found.begin(), found.end(), *endpoint) != found.end();
    if (twice && endpoint->port != 0) {
      context.problems.error(text.at, "'" + text.text + "' stands twice");
    }
    found.push_back(*endpoint);
  }
  return found;
}

void read_listen(TomlTable& server, Context& context) {
  Server& into = context.config.server;
  into.listen = read_endpoints(server, "listen", kDnsPort,
                               "leave it out for 127.0.0.1:53 and [::1]:53", context);
  into.listen_tls =
      read_endpoints(server, "listen_tls", kDnsTlsPort, "leave it out for no TLS", context);
  for (const Endpoint& tls : into.listen_tls) {
    if (tls.port != 0 &&
        std::find(into.listen.begin(), into.listen.end(), tls) != into.listen.end()) {
      server.error("listen_tls", tls.to_string() + " stands in 'listen' too",
                   "TLS needs a port of its own, such as 853");
    }
  }
  read_tls_files(server, context, &into.tls_certificate, &into.tls_key);
  if (const auto path = read_path(server, "tls_client_ca", context)) {
    into.tls_client_ca = path->text;
    if (!server.has("listen_tls")) {
      server.error("tls_client_ca", "certificates of clients come over TLS, which is off",
                   "set listen_tls, or leave it out");
    }
  }
  if (server.has("listen_tls") && !server.has("tls_certificate") && !server.has("tls_key")) {
    server.error("listen_tls", "'tls_certificate' and 'tls_key' are missing",
                 "DNS over TLS needs a certificate");
  }
  if (!server.has("listen")) {
    into.listen = {*Endpoint::parse("127.0.0.1", kDnsPort), *Endpoint::parse("::1", kDnsPort)};
  }
}

// Texts that go out in one TXT character-string or option.
void read_text(TomlTable& server, std::string_view key, std::string& into) {
  if (const auto text = server.string(key)) {
    into = *text;
    if (into.size() > kMaxText) {
      server.error(key, "'" + std::string(key) + "' is longer than 255 octets");
    }
  }
}

}  // namespace

void read_tls_files(TomlTable& table, const Context& context, std::string* certificate_file,
                    std::string* key_file) {
  const auto certificate = read_path(table, "tls_certificate", context);
  const auto key = read_path(table, "tls_key", context);
  if (certificate) { *certificate_file = certificate->text; }
  if (key) { *key_file = key->text; }
  if (table.has("tls_certificate") != table.has("tls_key")) {
    const bool lacks_key = table.has("tls_certificate");
    table.error(lacks_key ? "tls_certificate" : "tls_key",
                std::string(lacks_key ? "'tls_key'" : "'tls_certificate'") + " is missing",
                "TLS needs the certificate and its key");
  }
}

void read_server(TomlTable& root, Context& context) {
  Server& into = context.config.server;
  into.nsid = host_name();
  auto table = root.table("server");
  if (!table) {
    into.listen = {*Endpoint::parse("127.0.0.1", kDnsPort), *Endpoint::parse("::1", kDnsPort)};
    into.identity = into.nsid;
    return;
  }
  read_listen(*table, context);
  into.workers = static_cast<unsigned>(table->integer("workers", 0, 1024).value_or(into.workers));
  read_text(*table, "nsid", into.nsid);
  read_text(*table, "version", into.version);
  into.identity = into.nsid;
  read_text(*table, "identity", into.identity);
  into.report_channel = located(*table, "report_channel");
  into.udp_payload_octets = static_cast<unsigned>(
      table->integer("udp_payload", 512, 4096).value_or(into.udp_payload_octets));
  into.tcp_idle_ms = table->duration_ms("tcp_idle", 100, 3'600'000).value_or(into.tcp_idle_ms);
  into.tcp_clients =
      static_cast<unsigned>(table->integer("tcp_clients", 1, 1'000'000).value_or(into.tcp_clients));
  into.tcp_per_client = static_cast<unsigned>(
      table->integer("tcp_per_client", 1, 1'000'000).value_or(into.tcp_per_client));
  into.proxy_from = read_prefixes(*table, "proxy_from",
                                  "leave it out when no load balancer is in front", context);
  into.compact_signatures = static_cast<unsigned>(
      table->integer("compact_signatures", 1, 1'000'000).value_or(into.compact_signatures));
  into.compact_names = static_cast<unsigned>(
      table->integer("compact_names", 64, 1'000'000).value_or(into.compact_names));
  if (auto place = table->table("place")) {
    const auto latitude = place->number("latitude", -90, 90, Need::kRequired);
    const auto longitude = place->number("longitude", -180, 180, Need::kRequired);
    if (latitude && longitude) { into.place = {*latitude, *longitude}; }
    place->finish();
  }
  const std::string folder = table->string("state_dir").value_or("");
  into.state_dir = folder.empty() ? "" : resolve_path(folder, context.file);
  table->finish();
}

void read_admin(TomlTable& root, Context& context) {
  Admin& into = context.config.admin;
  into.listen = *Endpoint::parse("127.0.0.1", kAdminPort);
  auto table = root.table("admin");
  if (!table) { return; }
  if (const auto text = located(*table, "listen")) {
    into.listen = parse_endpoint(*text, kAdminPort, context.problems).value_or(into.listen);
  }
  into.token = read_secret(*table, "token", kMinToken, context);
  // It travels in an HTTP field value.
  if (std::any_of(into.token.begin(), into.token.end(),
                  [](char c) { return c <= ' ' || c > '~'; })) {
    table->error(table->has("token") ? "token" : "token_file",
                 "the token has characters other than visible ASCII",
                 "make one with: openssl rand -hex 32");
  }
  read_tls_files(*table, context, &into.tls_certificate, &into.tls_key);
  if (!into.listen.address.is_loopback()) {
    if (!table->has("token") && !table->has("token_file")) {
      table->error("listen",
                   "anybody who reaches " + into.listen.to_string() + " could drain it all",
                   "set token or token_file, or listen on 127.0.0.1");
    }
    if (!table->has("tls_certificate")) {
      table->warning("listen", "the token crosses the network unencrypted",
                     "set tls_certificate and tls_key");
    }
  }
  table->finish();
}

}  // namespace gslb::config
