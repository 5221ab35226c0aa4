#include "edge/config/tier_table.h"

#include <algorithm>

#include "edge/config/values.h"

namespace edge::config {
namespace {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

Peer read_peer(TomlTable table, std::string_view kind, const Peer& defaults, Problems& problems) {
  Peer peer = defaults;
  peer.name = table.string("name", Need::kRequired).value_or("");
  // It stands in Via, CDN-Loop and Cache-Status, and in the signed field between edges.
  if (!peer.name.empty() && !is_id(peer.name, 127)) {
    table.error("name", "\"" + peer.name + "\" is no edge's name",
                "\"<cluster>-<node>\" as in its [edge], e.g. \"fra-a\"");
  }
  for (Url& url : read_urls(table, "url", problems)) {
    peer.origin.servers.emplace_back().url = std::move(url);
  }
  if (!table.has("url")) { table.error("url", "no url", "url = \"http://edge.example:8080\""); }
  peer.origin.name = std::string(kind) + " " + peer.name;
  peer.weight = table.number("weight", 0.001, 1000).value_or(1);
  table.finish();
  return peer;
}

std::vector<Peer> read_peers(TomlTable& table, std::string_view key, const Peer& defaults,
                             Problems& problems) {
  std::vector<Peer> peers;
  for (const TomlTable& each : table.tables(key)) {
    Peer peer = read_peer(each, key, defaults, problems);
    const bool known = std::any_of(peers.begin(), peers.end(),
                                   [&](const Peer& other) { return other.name == peer.name; });
    if (known) { problems.error(each.at(), "\"" + peer.name + "\" is there twice", "keep one"); }
    peers.push_back(std::move(peer));
  }
  return peers;
}

}  // namespace

Tier read_tier(TomlTable table, const std::string& file, Problems& problems) {
  Tier tier;
  tier.key = read_key(table, file);
  if (tier.key.empty() && !table.has("key") && !table.has("key_file")) {
    table.error("key_file", "no key", "key_file = \"tier.key\": the same for all edges");
  }
  tier.origin_on_failure =
      table.choice("on_failure", {"origin", "error"}).value_or("origin") == "origin";
  tier.load_bound = table.number("load_bound", 1.05, 100).value_or(tier.load_bound);
  tier.max_hops = table.integer("max_hops", 1, 15).value_or(tier.max_hops);
  read_ms(table, "warm_up", 0, tier.warm_up_ms);
  read_ms(table, "probe_interval", 100, tier.probe_interval_ms);
  read_ms(table, "probe_timeout", 10, tier.probe_timeout_ms);
  Peer defaults;
  Origin& link = defaults.origin;
  link.tls.ca_file = read_ca_file(table, file);
  // Who is asked next, and who is left alone, is the tier's affair.
  link.failover.retries = 0;
  link.failover.eject_after = 0;
  link.connect_timeout_ms = 1'000;
  // Another edge waits for the origin, and a sibling for a parent that does.
  link.first_byte_timeout_ms = 20'000;
  read_ms(table, "connect_timeout", 10, link.connect_timeout_ms);
  read_ms(table, "first_byte_timeout", 10, link.first_byte_timeout_ms);
  read_ms(table, "between_bytes_timeout", 10, link.between_bytes_timeout_ms);
  tier.parents = read_peers(table, "parent", defaults, problems);
  link.first_byte_timeout_ms += link.first_byte_timeout_ms / 4;
  tier.siblings = read_peers(table, "sibling", defaults, problems);
  if (!tier.origin_on_failure && tier.parents.empty()) {
    table.error("on_failure", "\"error\", but there is no parent", "add [[tier.parent]]");
  }
  table.finish();
  return tier;
}

}  // namespace edge::config
