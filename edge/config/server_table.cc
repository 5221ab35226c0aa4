#include "edge/config/server_table.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "edge/config/listeners.h"
#include "edge/config/values.h"
#include "gslb/base/file.h"

namespace edge::config {
namespace {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

constexpr std::size_t kMostServers = 64;

// Framing and what this cache writes itself: an operator who sets these breaks messages.
constexpr std::array<std::string_view, 17> kOwnFields = {
    "connection", "keep-alive",     "proxy-connection", "te",       "trailer", "transfer-encoding",
    "upgrade",    "content-length", "content-range",    "expect",   "host",    "via",
    "cdn-loop",   "range",          "if-none-match",    "if-range", "if-match"};

Server read_server(TomlTable table) {
  Server server;
  const std::string text = table.string("url", Need::kRequired).value_or("");
  if (auto url = parse_url(text)) {
    server.url = std::move(*url);
  } else if (!text.empty()) {
    table.error("url", "\"" + text + "\" is no origin URL",
                "http://host:port or https://host:port, without a path");
  }
  server.weight = static_cast<std::uint32_t>(table.integer("weight", 1, 1000).value_or(1));
  server.backup = table.boolean("backup").value_or(false);
  server.max_connections =
      static_cast<std::uint32_t>(table.integer("max_connections", 0, 1'000'000).value_or(0));
  table.finish();
  return server;
}

Balance read_balance(TomlTable& table, bool is_list) {
  const std::string balance =
      table.choice("balance", {"priority", "round_robin", "least", "url", "client"}).value_or("");
  if (balance == "priority") { return Balance::kPriority; }
  if (balance == "least") { return Balance::kLeast; }
  if (balance == "url") { return Balance::kUrl; }
  if (balance == "client") { return Balance::kClient; }
  // Who writes a list of tables thinks of equals; who writes urls, of the next when one fails.
  return balance == "round_robin" || is_list ? Balance::kRoundRobin : Balance::kPriority;
}

// "200", "200-399"
bool read_statuses(const std::string& text, std::pair<int, int>& range) {
  const char* const end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, range.first);
  if (parsed.ec != std::errc{}) { return false; }
  range.second = range.first;
  if (parsed.ptr != end && *parsed.ptr == '-') {
    parsed = std::from_chars(parsed.ptr + 1, end, range.second);
  }
  return parsed.ec == std::errc{} && parsed.ptr == end && range.first >= 100 &&
         range.second <= 599 && range.first <= range.second;
}

std::string read_pem(TomlTable& table, std::string_view key, const std::string& file) {
  const auto path = table.string(key);
  if (!path) { return {}; }
  std::string resolved = gslb::resolve_path(*path, file);
  const auto text = gslb::read_file(resolved);
  if (!text) {
    table.error(key, "can't read " + resolved + ": " + std::generic_category().message(errno));
  } else if (text->find("-----BEGIN ") == text->npos) {
    table.error(key, resolved + " is no PEM file");
  }
  return resolved;
}

bool is_own_field(const std::string& name) {
  return std::find(kOwnFields.begin(), kOwnFields.end(), lower_case(name)) != kOwnFields.end();
}

std::vector<std::pair<std::string, std::string>> read_fields(TomlTable table) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const std::string& name : table.keys()) {
    const auto value = table.string(name);
    if (!is_token(name)) { table.error(name, "\"" + name + "\" is no field name"); }
    if (is_own_field(name)) { table.error(name, name + " is the cache's own affair"); }
    if (value && !is_plain_value(*value)) { table.error(name, "has control characters"); }
    if (value) { fields.emplace_back(name, *value); }
  }
  table.finish();
  return fields;
}

}  // namespace

void read_servers(TomlTable& table, Origin& origin, Problems& problems) {
  const auto bound = table.integer("max_connections", 0, 1'000'000).value_or(0);
  for (const char* key : {"url", "urls"}) {
    for (Url& url : read_urls(table, key, problems)) {
      Server server;
      server.url = std::move(url);
      origin.servers.push_back(std::move(server));
    }
  }
  const std::vector<TomlTable> list = table.tables("server");
  for (const TomlTable& each : list) { origin.servers.push_back(read_server(each)); }
  for (Server& server : origin.servers) {
    if (server.max_connections == 0) { server.max_connections = static_cast<std::uint32_t>(bound); }
  }
  if (!table.has("url") && !table.has("urls") && list.empty()) {
    table.error("url", "no url", "url = \"http://origin.example:8080\"");
  }
  if (origin.servers.size() > kMostServers) { table.error("server", "more than 64 servers"); }
  const auto is_backup = [](const Server& server) { return server.backup; };
  if (!origin.servers.empty() &&
      std::all_of(origin.servers.begin(), origin.servers.end(), is_backup)) {
    table.error("server", "all servers are backups", "take backup = true from one of them");
  }
  origin.balance = read_balance(table, !list.empty());
}

void read_failover(TomlTable& table, Failover& failover) {
  failover.retries = static_cast<int>(table.integer("retries", 0, 10).value_or(failover.retries));
  failover.retry_percent = table.integer("retry_percent", 0, 100).value_or(failover.retry_percent);
  for (const std::int64_t status : table.integers("retry_status", 500, 599)) {
    failover.retry_statuses.push_back(static_cast<int>(status));
  }
  failover.eject_after =
      static_cast<int>(table.integer("eject_after", 0, 1000).value_or(failover.eject_after));
  read_ms(table, "eject_time", 10, failover.eject_ms);
  failover.eject_max_ms = std::max(failover.eject_max_ms, failover.eject_ms);
  read_ms(table, "eject_max", 10, failover.eject_max_ms);
  if (failover.eject_max_ms < failover.eject_ms) {
    table.error("eject_max", "shorter than eject_time");
  }
}

HealthCheck read_health(TomlTable table) {
  HealthCheck health;
  health.path = table.string("path").value_or(health.path);
  if (!health.path.starts_with('/') || !is_visible(health.path)) {
    table.error("path", "\"" + health.path + "\" is no path", "as in \"/healthz\"");
  }
  health.host = table.string("host").value_or("");
  if (!is_visible(health.host)) { table.error("host", "\"" + health.host + "\" is no host"); }
  read_ms(table, "interval", 50, health.interval_ms);
  read_ms(table, "timeout", 10, health.timeout_ms);
  health.healthy = static_cast<int>(table.integer("healthy", 1, 100).value_or(health.healthy));
  health.unhealthy =
      static_cast<int>(table.integer("unhealthy", 1, 100).value_or(health.unhealthy));
  if (table.has("status")) { health.statuses.clear(); }
  for (const gslb::LocatedString& text : table.strings("status")) {
    if (!read_statuses(text.text, health.statuses.emplace_back())) {
      table.error("status", "\"" + text.text + "\" are no statuses",
                  "as in [\"200\", \"300-399\"]");
    }
  }
  table.finish();
  return health;
}

ServerTls read_server_tls(TomlTable table, const std::string& file) {
  ServerTls tls;
  tls.ca_file = read_ca_file(table, file);
  tls.certificate = read_pem(table, "certificate", file);
  tls.key = read_pem(table, "key", file);
  if (tls.certificate.empty() != tls.key.empty()) {
    table.error("certificate", "certificate and key go together");
  }
  tls.name = table.string("name").value_or("");
  tls.verify = table.boolean("verify").value_or(true);
  if (!tls.verify) {
    table.warning("verify", "whoever sits between this edge and the server can answer for it",
                  "ca_file trusts a certificate of your own");
  }
  tls.only_tls13 = table.choice("min_version", {"1.2", "1.3"}).value_or("1.2") == "1.3";
  table.finish();
  return tls;
}

FieldRules read_field_rules(TomlTable table, bool may_add) {
  FieldRules rules;
  for (const gslb::LocatedString& name : table.strings("remove")) {
    if (!is_token(name.text)) { table.error("remove", "\"" + name.text + "\" is no field name"); }
    if (is_own_field(name.text)) {
      table.error("remove", name.text + " is the cache's own affair");
    }
    rules.remove.push_back(name.text);
  }
  if (auto set = table.table("set")) { rules.set = read_fields(*set); }
  if (may_add) {
    if (auto added = table.table("add")) { rules.added = read_fields(*added); }
  }
  table.finish();
  return rules;
}

}  // namespace edge::config
