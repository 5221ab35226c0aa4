#include "edge/config/listeners.h"

#include <algorithm>

#include "edge/config/values.h"
#include "gslb/base/file.h"

namespace edge::config {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  return text;
}

std::optional<gslb::Endpoint> read_endpoint(const gslb::LocatedString& text,
                                            std::uint16_t default_port, Problems& problems) {
  auto endpoint = gslb::Endpoint::parse(text.text, default_port);
  if (!endpoint) {
    problems.error(text.at, "\"" + text.text + "\" is no address",
                   "as in \"0.0.0.0:8080\" or \"[::]:8080\"");
  }
  return endpoint;
}

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

void add_listener(std::vector<Listener>& listeners, Listener listener, const gslb::Location& at,
                  Problems& problems) {
  const bool twice = std::any_of(listeners.begin(), listeners.end(),
                                 [&](const Listener& each) { return each.at == listener.at; });
  if (twice) {
    problems.error(at, listener.at.to_string() + " is listened on twice", "keep one");
    return;
  }
  listeners.push_back(std::move(listener));
}

std::string resolved(TomlTable& table, std::string_view key, const std::string& file, Need need) {
  const auto path = table.string(key, need);
  return path && !path->empty() ? gslb::resolve_path(*path, file) : "";
}

Certificate read_certificate(TomlTable table, const std::string& file) {
  Certificate certificate;
  certificate.at = table.at();
  certificate.certificate = resolved(table, "certificate", file, Need::kRequired);
  certificate.key = resolved(table, "key", file, Need::kRequired);
  certificate.ocsp = resolved(table, "ocsp", file, Need::kOptional);
  for (const gslb::LocatedString& host : table.strings("hosts")) {
    certificate.hosts.push_back(lower_case(host.text));
  }
  table.finish();
  return certificate;
}

}  // namespace

std::vector<Listener> read_listeners(TomlTable& table, Problems& problems) {
  std::vector<Listener> listeners;
  const auto add_all = [&](std::string_view key, bool tls) {
    for (const gslb::LocatedString& text : table.strings(key)) {
      const auto at = read_endpoint(text, tls ? kHttpsPort : kHttpPort, problems);
      if (at) { add_listener(listeners, {*at, tls, false, {}}, text.at, problems); }
    }
  };
  add_all("listen", false);
  add_all("listen_tls", true);
  for (TomlTable& each : table.tables("listener")) {
    Listener listener;
    listener.tls = each.boolean("tls").value_or(false);
    listener.http2 = each.boolean("http2").value_or(false);
    if (listener.tls && listener.http2) {
      each.error("http2", "http2 of a listener is for clients without TLS",
                 "with TLS the client chooses; [tls] http2 allows it");
    }
    const gslb::LocatedString address{each.string("address", Need::kRequired).value_or(""),
                                      each.at("address")};
    listener.proxy_from = read_prefixes(each, "proxy_from", problems);
    each.finish();
    const auto at = read_endpoint(address, listener.tls ? kHttpsPort : kHttpPort, problems);
    if (!at) { continue; }
    listener.at = *at;
    add_listener(listeners, std::move(listener), address.at, problems);
  }
  if (listeners.empty() && !problems.has_errors()) {
    table.error("listen", "nothing to listen on", "listen = [\"0.0.0.0:80\"] or listen_tls");
  }
  return listeners;
}

Tls read_tls(TomlTable table, const std::string& file) {
  Tls tls;
  tls.only_tls13 = table.choice("min_version", {"1.2", "1.3"}).value_or("1.2") == "1.3";
  tls.http2 = table.boolean("http2").value_or(tls.http2);
  for (const TomlTable& each : table.tables("certificate")) {
    tls.certificates.push_back(read_certificate(each, file));
  }
  table.finish();
  return tls;
}

AccessLog read_access_log(TomlTable table, const std::string& file) {
  AccessLog log;
  const std::string path = table.string("file", Need::kRequired).value_or("");
  log.file = path.empty() || path == "-" ? path : gslb::resolve_path(path, file);
  log.json = table.choice("format", {"combined", "json"}).value_or("combined") == "json";
  table.finish();
  return log;
}

void check_listeners(const Config& config, TomlTable& root) {
  const bool with_tls = std::any_of(config.edge.listen.begin(), config.edge.listen.end(),
                                    [](const Listener& listener) { return listener.tls; });
  if (with_tls && config.tls.certificates.empty()) {
    root.error("tls", "there is a TLS listener, but no certificate",
               "[[tls.certificate]] with certificate and key");
  }
}

}  // namespace edge::config
