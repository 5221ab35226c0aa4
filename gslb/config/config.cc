#include "gslb/config/config.h"

#include <algorithm>
#include <thread>

#include "gslb/base/base64.h"
#include "gslb/base/file.h"
#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

void read_log(TomlTable& root, Context& context) {
  auto table = root.table("log");
  if (!table) { return; }
  Log& into = context.config.log;
  into.level = table->choice("level", {"debug", "info", "warning", "error"}).value_or(into.level);
  into.format = table->choice("format", {"text", "json"}).value_or(into.format);
  table->finish();
}

void read_zones(TomlTable& root, Context& context) {
  const std::size_t errors = context.problems.error_count();
  Seen seen;
  auto tables = root.tables("zone");
  context.config.zones.reserve(tables.size());
  for (TomlTable& table : tables) {
    Zone zone;
    if (auto name = read_owner(table, context, "zone", seen)) { zone.name = std::move(*name); }
    if (auto file = read_path(table, "file", context)) { zone.file = std::move(*file); }
    auto allowed = read_prefixes(table, "allow_query", "leave it out to do as [acl] says", context);
    if (table.has("allow_query")) { zone.allow_query = std::move(allowed); }
    zone.dnssec = located(table, "dnssec");
    if (zone.dnssec) { check_policy(*zone.dnssec, context); }
    zone.transfer = read_zone_transfer(table, context);
    zone.secondary = read_zone_secondary(table, context);
    table.finish();
    context.config.zones.push_back(std::move(zone));
  }
  if (context.config.zones.empty() && context.problems.error_count() == errors) {
    root.error("zone", "there is no zone to serve",
               "add [[zone]] with name = \"example.\" and file = \"example.zone\"");
  }
}

void read_health(TomlTable& root, Context& context) {
  auto table = root.table("health");
  if (!table) { return; }
  Health& into = context.config.health;
  into.heartbeat_interval_ms =
      table->duration_ms("heartbeat_interval", 50, 3'600'000).value_or(into.heartbeat_interval_ms);
  into.missed_heartbeats = static_cast<unsigned>(
      table->integer("missed_heartbeats", 1, 100).value_or(into.missed_heartbeats));
  into.up_thresh =
      static_cast<unsigned>(table->integer("up_thresh", 1, 100).value_or(into.up_thresh));
  into.max_clock_skew_ms =
      table->duration_ms("max_clock_skew", 1000, 86'400'000).value_or(into.max_clock_skew_ms);
  into.suspect_share = table->number("suspect_share", 0, 1).value_or(into.suspect_share);
  into.suspect_window_ms =
      table->duration_ms("suspect_window", 1000, 3'600'000).value_or(into.suspect_window_ms);
  into.suspect_hold_ms =
      table->duration_ms("suspect_hold", 1000, 86'400'000).value_or(into.suspect_hold_ms);
  table->finish();
}

void read_steering(TomlTable& root, Context& context) {
  auto table = root.table("steering");
  if (!table) { return; }
  Steering& into = context.config.steering;
  into.plan_interval_ms =
      table->duration_ms("plan_interval", 100, 3'600'000).value_or(into.plan_interval_ms);
  into.ms_per_km = table->number("ms_per_km", 0, 0.1).value_or(into.ms_per_km);
  into.base_ms = table->number("base_ms", 0, 1000).value_or(into.base_ms);
  if (const auto path = read_path(*table, "cost_file", context)) { read_cost_file(*path, context); }
  table->finish();
}

// Tables are read in the order references need; people read from the top.
void append_in_file_order(const Problems& found, Problems& problems) {
  std::vector<Problem> list = found.list();
  std::stable_sort(list.begin(), list.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
  for (Problem& problem : list) {
    if (problem.severity == Severity::kError) {
      problems.error(std::move(problem.at), std::move(problem.what), std::move(problem.hint));
    } else {
      problems.warning(std::move(problem.at), std::move(problem.what), std::move(problem.hint));
    }
  }
}

std::optional<Config> read_root(std::optional<TomlTable> root, const std::string& path,
                                Problems& found, Secrets secrets = Secrets::kRead) {
  if (!root) { return std::nullopt; }
  Config config;
  config.file = path;
  Context context{path, found, config, secrets};
  read_server(*root, context);
  read_log(*root, context);
  read_admin(*root, context);
  read_acl(*root, context);
  read_cookies(*root, context);
  read_rate_limit(*root, context);
  read_dnssec(*root, context);
  read_keys(*root, context);
  read_remotes(*root, context);
  read_transfer(*root, context);
  read_secondary(*root, context);
  read_zones(*root, context);
  check_catalogs(context);
  read_geo(*root, context);
  read_monitors(*root, context);
  read_groups(*root, context);
  read_clusters(*root, context);
  read_pools(*root, context);
  read_maps(*root, context);
  read_services(*root, context);
  read_routes(*root, context);
  read_overrides(*root, context);
  read_probes(*root, context);
  read_health(*root, context);
  read_steering(*root, context);
  add_cost_overrides(config);
  read_debug(*root, context);
  read_record(*root, context);
  root->finish();
  if (found.has_errors()) { return std::nullopt; }
  return config;
}

}  // namespace

std::optional<Config> load(const std::string& path, Problems& problems) {
  Problems found;
  std::optional<Config> read;
  // A parsed document takes twenty times the memory of what is kept of it, in small pieces.  Made
  // and dropped in the heap of a thread of its own, with what is kept copied out, all of it goes
  // back to the system; in the caller's heap a page in two would stay for a string on it.
  std::thread([&] { read = read_root(TomlTable::open(path, found), path, found); }).join();
  append_in_file_order(found, problems);
  std::optional<Config> kept = read;
  return kept;
}

std::optional<Admin> load_admin(const std::string& path, Problems& problems) {
  Problems found;
  auto root = TomlTable::open(path, found);
  Config config;
  if (root) {
    Context context{path, found, config};
    read_admin(*root, context);
  }
  append_in_file_order(found, problems);
  if (found.has_errors()) { return std::nullopt; }
  return config.admin;
}

std::optional<Config> parse(const std::string& text, const std::string& path, Problems& problems,
                            Secrets secrets) {
  Problems found;
  auto config = read_root(TomlTable::parse(text, path, found), path, found, secrets);
  append_in_file_order(found, problems);
  return config;
}

std::string without_secrets(std::string text, const Config& config) {
  std::vector<std::string> secrets = config.cookies.secrets;
  secrets.push_back(config.admin.token);
  for (const Cluster& cluster : config.clusters) { secrets.push_back(cluster.key); }
  for (const TsigKey& key : config.keys) { secrets.push_back(encode_base64(key.secret)); }
  for (const std::string& secret : secrets) {
    if (secret.empty()) { continue; }
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
      text.replace(at, secret.size(), secret.size(), '0');
    }
  }
  return text;
}

}  // namespace gslb::config
