#include "edge/config/config.h"

#include <algorithm>

#include "edge/config/cache_table.h"
#include "edge/config/listeners.h"
#include "edge/config/origin_table.h"
#include "edge/config/prefetch_table.h"
#include "edge/config/purge_table.h"
#include "edge/config/redirect_table.h"
#include "edge/config/resolver_table.h"
#include "edge/config/rules_table.h"
#include "edge/config/tier_table.h"
#include "edge/config/values.h"
#include "gslb/base/file.h"
#include "gslb/base/toml_table.h"

namespace edge::config {
namespace {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

constexpr double kMaxLoad = 1e15;

std::string read_id(TomlTable& table, std::string_view key) {
  std::string id = table.string(key, Need::kRequired).value_or("");
  if (!id.empty() && !is_id(id, 63)) {
    table.error(key, "\"" + id + "\" is no id", "1 to 63 of a-z, 0-9 and \"-\"");
  }
  return id;
}

Edge read_edge(TomlTable table, const std::string& file, Problems& problems) {
  Edge edge;
  edge.cluster = read_id(table, "cluster");
  edge.node = read_id(table, "node");
  edge.key = read_key(table, file);
  edge.listen = read_listeners(table, problems);
  const gslb::LocatedString admin{table.string("admin").value_or("127.0.0.1:9180"),
                                  table.at("admin")};
  edge.admin = read_endpoint(admin, 9180, problems).value_or(gslb::Endpoint{});
  edge.admin_token = table.string("admin_token").value_or("");
  edge.workers = static_cast<unsigned>(table.integer("workers", 0, 256).value_or(0));
  table.finish();
  return edge;
}

Limits read_limits(TomlTable table) {
  Limits limits;
  limits.connections = table.integer("connections", 1, 1'000'000).value_or(limits.connections);
  limits.header_octets =
      table.size_octets("header_size", 1024, 1 << 20).value_or(limits.header_octets);
  read_ms(table, "header_timeout", 10, limits.header_timeout_ms);
  read_ms(table, "handshake_timeout", 10, limits.handshake_timeout_ms);
  read_ms(table, "idle_timeout", 10, limits.idle_timeout_ms);
  read_ms(table, "body_timeout", 10, limits.body_timeout_ms);
  read_ms(table, "write_timeout", 10, limits.write_timeout_ms);
  read_ms(table, "drain_grace", 0, limits.drain_grace_ms);
  read_ms(table, "drain_timeout", 0, limits.drain_timeout_ms);
  limits.fetches = table.integer("fetches", 0, 1'000'000).value_or(limits.fetches);
  limits.client_connections =
      table.integer("client_connections", 0, 1'000'000).value_or(limits.client_connections);
  limits.body_octets =
      table.size_octets("body_size", 0, std::int64_t{1} << 50).value_or(limits.body_octets);
  if (const auto after = table.duration_ms("retry_after", 1000, kDayMs)) {
    limits.retry_after_s = *after / 1000;
  }
  table.finish();
  return limits;
}

// Each segment is an open file.
constexpr std::uint64_t kMostSegments = 4096;
constexpr std::int64_t kSmallestSegment = 1 << 20;

DiskCache read_disk(TomlTable table, const std::string& file) {
  DiskCache disk;
  const auto path = table.string("path", Need::kRequired);
  if (path && path->empty()) { table.error("path", "the path is empty", "a folder of its own"); }
  disk.path = gslb::resolve_path(path.value_or(""), file);
  const auto size =
      table.size_octets("size", 4 * kSmallestSegment, std::int64_t{1} << 44, Need::kRequired);
  disk.octets = static_cast<std::uint64_t>(size.value_or(4 * kSmallestSegment));
  // Few files for large disks, and enough of them on small ones that an eviction is a small part.
  disk.segment_octets = std::clamp(disk.octets / 16, std::uint64_t{kSmallestSegment},
                                   std::max(disk.segment_octets, disk.octets * 2 / kMostSegments));
  const auto segment = table.size_octets("segment", kSmallestSegment, std::int64_t{1} << 33);
  if (segment) { disk.segment_octets = static_cast<std::uint64_t>(*segment); }
  if (disk.segment_octets > disk.octets / 4) {
    table.error("segment", "larger than a quarter of size", "raise size or lower segment");
  } else if (disk.octets / disk.segment_octets > kMostSegments) {
    table.error("segment", "makes more than 4096 files", "raise segment");
  }
  table.finish();
  return disk;
}

// What a slice may be is what an object may be; on small nodes both are small.
Slices read_slices(TomlTable& table, std::uint64_t max_object,
                   const std::optional<DiskCache>& disk) {
  Slices slices;
  slices.enabled = table.boolean("slices").value_or(true);
  slices.octets = std::min(slices.octets, max_object);
  // A record has a quarter of a segment, head and all.
  if (disk) { slices.octets = std::min(slices.octets, disk->segment_octets / 8); }
  const auto size = table.size_octets("slice", 64 * 1024, std::int64_t{1} << 30);
  if (size) { slices.octets = static_cast<std::uint64_t>(*size); }
  slices.from_octets = std::max(slices.octets, std::min(slices.from_octets, max_object));
  const auto from = table.size_octets("slice_from", 64 * 1024, std::int64_t{1} << 40);
  if (from) { slices.from_octets = static_cast<std::uint64_t>(*from); }
  if (slices.octets > max_object) {
    table.error("slice", "larger than max_object", "raise max_object or lower slice");
  } else if (slices.octets > slices.from_octets) {
    table.error("slice_from", "smaller than slice", "raise slice_from or lower slice");
  }
  return slices;
}

Cache read_cache(TomlTable table, const std::string& file) {
  Cache cache;
  const auto memory = table.size_octets("memory", 64 * 1024, std::int64_t{1} << 42);
  if (memory) { cache.memory_octets = static_cast<std::uint64_t>(*memory); }
  cache.max_object_octets = std::min(cache.max_object_octets, cache.memory_octets / 4);
  const auto object = table.size_octets("max_object", 1, std::int64_t{1} << 40);
  if (object) { cache.max_object_octets = static_cast<std::uint64_t>(*object); }
  if (cache.max_object_octets > cache.memory_octets / 2) {
    table.error("max_object", "larger than half of memory", "raise memory or lower max_object");
  }
  const std::string favour = table.choice("favour", {"both", "objects", "bytes"}).value_or("both");
  cache.size_exponent = favour == "objects" ? 1.0F : favour == "bytes" ? 0.0F : 0.6F;
  read_policy(table, cache.policy);
  if (auto disk = table.table("disk")) { cache.disk = read_disk(std::move(*disk), file); }
  cache.slices = read_slices(table, cache.max_object_octets, cache.disk);
  table.finish();
  return cache;
}

// "*.probe.example.com": nonces are the label in the place of the star.
std::vector<std::string> read_beacons(TomlTable& table, Problems& problems) {
  std::vector<std::string> beacons;
  for (const gslb::LocatedString& text : table.strings("beacons")) {
    std::string host = lower_case(text.text);
    if (!host.starts_with("*.") || host.size() < 3 || host.find_first_of("*/: ", 1) != host.npos) {
      problems.error(text.at, "\"" + text.text + "\" is no beacon's host",
                     "\"*.probe.example.com\": the GSLB's route with beacon = true");
    }
    beacons.push_back(std::move(host));
  }
  return beacons;
}

// As a site's host.
std::vector<std::string> read_hosts(TomlTable& table, Problems& problems) {
  constexpr std::size_t kMost = 256;
  std::vector<std::string> hosts;
  for (const gslb::LocatedString& text : table.strings("hosts")) {
    std::string host = lower_case(text.text);
    if (!is_host_pattern(host)) {
      problems.error(text.at, "\"" + text.text + "\" is no host",
                     "\"www.example.com\" or \"*.example.com\"");
    }
    hosts.push_back(std::move(host));
  }
  if (hosts.size() > kMost) { table.error("hosts", "more than 256 groups of hosts"); }
  return hosts;
}

Report read_report(TomlTable table, const std::string& file, Problems& problems) {
  Report report;
  report.gslb = read_urls(table, "gslb", problems);
  if (const auto interval = table.duration_ms("interval", 50, 60'000)) {
    report.interval_ms = *interval;
  }
  report.ca_file = read_ca_file(table, file);
  report.beacons = read_beacons(table, problems);
  report.hosts = read_hosts(table, problems);
  for (auto& [name, capacity] : table.named_tables("capacity")) {
    Capacity entry;
    entry.resource = name.text;
    entry.target = capacity.number("target", 0, kMaxLoad, Need::kRequired).value_or(0);
    entry.max = capacity.number("max", 0, kMaxLoad, Need::kRequired).value_or(0);
    const std::vector<std::string> known = {"requests_per_s", "egress_bits_per_s", "connections"};
    if (std::find(known.begin(), known.end(), name.text) == known.end()) {
      const std::string near = gslb::did_you_mean(name.text, known);
      problems.error(name.at, "\"" + name.text + "\" is no resource this edge measures",
                     near.empty() ? "requests_per_s, egress_bits_per_s or connections"
                                  : "did you mean \"" + near + "\"?");
    }
    if (entry.target > entry.max) { capacity.error("target", "target is above max"); }
    capacity.finish();
    report.capacity.push_back(std::move(entry));
  }
  table.finish();
  return report;
}

// The address of each family that probes are sent from.
std::vector<gslb::Address> read_sources(TomlTable& table, Problems& problems) {
  std::vector<gslb::Address> sources;
  for (const gslb::LocatedString& text : table.strings("source")) {
    const auto source = gslb::Address::parse(text.text);
    if (!source) {
      problems.error(text.at, "\"" + text.text + "\" is no address",
                     "an address of this host, as in \"192.0.2.1\" or \"2001:db8::1\"");
    } else if (std::any_of(sources.begin(), sources.end(), [&](const gslb::Address& other) {
                 return other.is_v6() == source->is_v6();
               })) {
      problems.error(text.at, "a second address of its family",
                     "probes leave by one IPv4 and one IPv6 address at most");
    } else {
      sources.push_back(*source);
    }
  }
  return sources;
}

Probe read_probe(TomlTable table, Problems& problems) {
  Probe probe;
  probe.enabled = table.boolean("enabled").value_or(probe.enabled);
  probe.per_second = table.integer("per_second", 1, 1000).value_or(probe.per_second);
  probe.in_flight = table.integer("in_flight", 1, 256).value_or(probe.in_flight);
  read_ms(table, "target_interval", 10, probe.target_interval_ms);
  if (const auto timeout = table.duration_ms("timeout", 10, 30'000)) {
    probe.timeout_ms = *timeout;
  }
  if (table.has("ports")) { probe.ports.clear(); }
  for (const std::int64_t port : table.integers("ports", 1, 65'535)) {
    probe.ports.push_back(static_cast<std::uint16_t>(port));
  }
  probe.exclude = read_prefixes(table, "exclude", problems);
  probe.source = read_sources(table, problems);
  probe.allow_private = table.boolean("allow_private").value_or(probe.allow_private);
  table.finish();
  return probe;
}

std::optional<Config> read(std::optional<TomlTable> root, const std::string& file,
                           Problems& problems) {
  if (!root) { return std::nullopt; }
  Config config;
  if (auto table = root->table("edge", Need::kRequired)) {
    config.edge = read_edge(*table, file, problems);
  }
  if (auto table = root->table("tls")) { config.tls = read_tls(*table, file); }
  check_listeners(config, *root);
  if (auto table = root->table("limits")) { config.limits = read_limits(*table); }
  if (auto table = root->table("cache")) { config.cache = read_cache(*table, file); }
  if (auto table = root->table("origin")) {
    config.origin = read_default_origin(*table, file, problems);
  }
  config.filters = read_filters(*root, {});
  config.has_filters = config.filters.any();
  for (TomlTable& table : root->tables("site")) {
    Filters filters = read_filters(table, config.filters);
    Site site = read_site(table, file, config.cache.policy, problems);
    const bool twice = std::any_of(config.sites.begin(), config.sites.end(),
                                   [&](const Site& each) { return each.host == site.host; });
    if (twice) { problems.error(table.at("host"), site.host + " is there twice", "keep one"); }
    config.has_filters = config.has_filters || filters.any();
    site.filters = std::move(filters);
    config.sites.push_back(std::move(site));
  }
  config.rules = read_rules(*root, file, problems);
  if (!config.origin && config.sites.empty()) {
    root->error("origin", "there is neither [origin] nor a [[site]]",
                "misses have to go somewhere");
  }
  if (auto table = root->table("tier")) { config.tier = read_tier(*table, file, problems); }
  if (auto table = root->table("redirect")) {
    config.redirect = read_redirect(*table, problems);
  }
  if (auto table = root->table("purge")) { config.purge = read_purge(*table, problems); }
  if (auto table = root->table("prefetch")) { config.prefetch = read_prefetch(*table, problems); }
  if (auto table = root->table("resolver")) { config.resolver = read_resolver(*table, problems); }
  if (auto table = root->table("customers")) {
    config.customers = read_customers(*table, problems);
  }
  if (auto table = root->table("report")) { config.report = read_report(*table, file, problems); }
  if (auto table = root->table("probe")) { config.probe = read_probe(*table, problems); }
  if (!config.report.gslb.empty() && config.edge.key.empty()) {
    root->error("edge", "heartbeats need a key", "set key or key_file in [edge]");
  }
  if (auto table = root->table("log")) {
    config.log.level =
        table->choice("level", {"debug", "info", "warning", "error"}).value_or(config.log.level);
    config.log.format = table->choice("format", {"text", "json"}).value_or(config.log.format);
    table->finish();
  }
  if (auto table = root->table("access_log")) { config.access_log = read_access_log(*table, file); }
  root->finish();
  if (problems.has_errors()) { return std::nullopt; }
  return config;
}

}  // namespace

std::optional<Config> load(const std::string& path, Problems& problems) {
  return read(TomlTable::open(path, problems), path, problems);
}

std::optional<Config> parse(std::string_view text, const std::string& file, Problems& problems) {
  return read(TomlTable::parse(text, file, problems), file, problems);
}

}  // namespace edge::config
