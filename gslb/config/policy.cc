#include "gslb/config/policy.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::size_t kMostPools = 16;  // in one order: each is a step of the cost
constexpr double kMaxWeight = 1e6;
constexpr std::size_t kMaxWindows = 64;  // of a service
constexpr int kDayMin = 24 * 60;

const std::vector<std::string>& policy_names() {
  static const std::vector<std::string> names = {"latency",     "nearest", "failover", "weighted",
                                                 "round_robin", "home",    "sticky",   "geo"};
  return names;
}

std::optional<Policy> read_policy(TomlTable& table, std::size_t allowed) {
  const std::vector<std::string> names(
      policy_names().begin(), policy_names().begin() + static_cast<std::ptrdiff_t>(allowed));
  const auto word = table.choice("policy", names);
  if (!word) { return std::nullopt; }
  return static_cast<Policy>(std::find(names.begin(), names.end(), *word) - names.begin());
}

std::vector<std::string> ids_of_clusters(const Context& context) {
  std::vector<std::string> ids;
  for (const Cluster& cluster : context.config.clusters) { ids.push_back(cluster.id.text); }
  return ids;
}

std::vector<LocatedString> read_known(TomlTable& table, std::string_view key, std::string_view kind,
                                      const std::vector<std::string>& known,
                                      const Context& context) {
  std::vector<LocatedString> list = read_list(table, key, "name at least one", context);
  Seen seen;
  for (const LocatedString& each : list) {
    check_duplicate(each, kind, seen, context.problems);
    if (std::find(known.begin(), known.end(), each.text) == known.end()) {
      report_unknown(each, kind, known, context.problems);
    }
  }
  return list;
}

PoolList read_pool_list(TomlTable& table, std::string_view key, const Context& context) {
  std::vector<std::string> known;
  for (const Pool& pool : context.config.pools) { known.push_back(pool.id.text); }
  for (std::string& id : ids_of_clusters(context)) { known.push_back(std::move(id)); }
  PoolList list = read_known(table, key, "pool or cluster", known, context);
  if (list.size() > kMostPools) {
    context.problems.error(
        list[kMostPools].at,
        "'" + std::string(key) + "' has over " + std::to_string(kMostPools) + " entries",
        "put clusters that stand for each other into a [pool.ID]");
  }
  return list;
}

std::vector<ClusterWeight> read_weights(TomlTable& table, const Context& context) {
  std::vector<ClusterWeight> weights;
  auto from = table.table("weights");
  if (!from) { return weights; }
  const std::vector<std::string> known = ids_of_clusters(context);
  for (const std::string& id : from->keys()) {
    const LocatedString cluster{id, from->at(id)};
    if (std::find(known.begin(), known.end(), id) == known.end()) {
      report_unknown(cluster, "cluster", known, context.problems);
    }
    weights.push_back({cluster, from->number(id, 0, kMaxWeight).value_or(1)});
  }
  from->finish();
  return weights;
}

// By weight nobody asks whether there is room.
void check_capacity(TomlTable& table, Policy policy, std::optional<bool> obeys) {
  if (table.has("obey_capacity") && obeys == true &&
      (is_shared(policy) || policy == Policy::kHome)) {
    table.error(
        "obey_capacity",
        "policy \"" + std::string(to_string(policy)) + "\" goes by weights, not by capacity",
        "leave it out, or use latency, nearest or failover");
  }
}

void check_weights(TomlTable& table, Policy policy) {
  if (table.has("weights") && policy != Policy::kWeighted && policy != Policy::kSticky) {
    table.error("weights", "'weights' is set but not used",
                "they count with policy = \"weighted\" and \"sticky\"");
  }
}

Pool read_pool(const LocatedString& id, TomlTable& table, Context& context) {
  Pool pool;
  pool.id = id;
  check_id(id, "pool", context.problems);
  const std::vector<std::string> clusters = ids_of_clusters(context);
  if (std::find(clusters.begin(), clusters.end(), id.text) != clusters.end()) {
    context.problems.error(id.at, "there is a cluster '" + id.text + "' as well",
                           "lists name pools and clusters alike: call the pool something else");
  }
  // One client's cluster for all names, and who gets which pools, are the service's to say.
  pool.policy = read_policy(table, static_cast<std::size_t>(Policy::kSticky));
  if (!table.has("clusters")) {
    context.problems.error(table.at(), "pool '" + id.text + "' has no 'clusters'");
  }
  pool.clusters = read_known(table, "clusters", "cluster", clusters, context);
  pool.weights = read_weights(table, context);
  pool.obey_capacity = table.boolean("obey_capacity");
  const bool known_policy = pool.policy || !table.has("policy");
  if (pool.policy) { check_capacity(table, *pool.policy, pool.obey_capacity); }
  if (known_policy && pool.policy) { check_weights(table, *pool.policy); }
  table.finish();
  return pool;
}

template <typename Key, typename Read>
void read_entries(TomlTable& map, std::string_view name, const Context& context, Read&& read_key,
                  std::vector<std::pair<Key, PoolList>>& into) {
  auto table = map.table(name);
  if (!table) { return; }
  for (const std::string& text : table->keys()) {
    const std::optional<Key> key = read_key(text, *table);
    PoolList pools = read_pool_list(*table, text, context);
    if (key) { into.emplace_back(*key, std::move(pools)); }
  }
  table->finish();
}

std::optional<std::string> read_continent(const std::string& text, TomlTable& table) {
  if (is_continent(text)) { return text; }
  table.error(text, "'" + text + "' is not a continent", "AF, AN, AS, EU, NA, OC or SA");
  return std::nullopt;
}

std::optional<std::string> read_country_key(const std::string& text, TomlTable& table) {
  if (is_country(text)) { return text; }
  table.error(text, "'" + text + "' is not a country code",
              "two upper-case letters of ISO 3166-1, such as DE");
  return std::nullopt;
}

std::optional<std::string> read_subdivision(const std::string& text, TomlTable& table) {
  if (is_subdivision(text)) { return text; }
  table.error(text, "'" + text + "' is not a subdivision of a country",
              "a code of ISO 3166-2, such as US-CA");
  return std::nullopt;
}

std::optional<std::uint32_t> read_network(const std::string& text, TomlTable& table) {
  std::uint32_t asn = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asn);
  if (error == std::errc() && end == text.data() + text.size() && asn != 0) { return asn; }
  table.error(text, "'" + text + "' is not an ASN", "1 to 4294967295");
  return std::nullopt;
}

Map read_map(const LocatedString& id, TomlTable& table, Context& context) {
  Map map;
  map.id = id;
  check_id(id, "map", context.problems);
  if (!table.has("default")) {
    context.problems.error(table.at(), "map '" + id.text + "' has no 'default'",
                           "the pools of clients that no other entry is for");
  }
  map.others = read_pool_list(table, "default", context);
  read_entries(table, "continent", context, read_continent, map.continents);
  read_entries(table, "country", context, read_country_key, map.countries);
  read_entries(table, "subdivision", context, read_subdivision, map.subdivisions);
  read_entries(table, "asn", context, read_network, map.networks);
  table.finish();
  return map;
}

void read_map_of(TomlTable& table, const Context& context, Choosing& choosing) {
  if (auto map = located(table, "map")) {
    std::vector<std::string> known;
    for (const Map& each : context.config.maps) { known.push_back(each.id.text); }
    if (std::find(known.begin(), known.end(), map->text) == known.end()) {
      report_unknown(*map, "map", known, context.problems);
    }
    choosing.map = std::move(*map);
  }
  if (choosing.policy == Policy::kGeo) {
    if (!choosing.map) { table.error("policy", "policy = \"geo\" needs 'map', a [map.ID]"); }
    if (table.has("pools")) {
      table.error("pools", "'pools' is set but not used",
                  "with policy = \"geo\" the map names them");
    }
    choosing.pools.clear();
  } else if (table.has("map")) {
    table.error("map", "'map' is set but not used", "set policy = \"geo\", or leave it out");
  } else {
    choosing.map.reset();
  }
}

// "18:30" → minutes of the day; 24:00 only where `end`.
std::optional<int> read_time(TomlTable& table, std::string_view key) {
  const auto text = table.string(key);
  if (!text) { return std::nullopt; }
  const auto digit = [&](std::size_t at) { return (*text)[at] >= '0' && (*text)[at] <= '9'; };
  if (text->size() == 5 && digit(0) && digit(1) && (*text)[2] == ':' && digit(3) && digit(4)) {
    const int minutes = std::stoi(text->substr(3));
    const int whole = std::stoi(*text) * 60 + minutes;
    if (minutes < 60 && whole <= kDayMin) { return whole; }
  }
  table.error(key, "'" + std::string(key) + "' is \"" + *text + "\", not a time of day",
              "\"00:00\" to \"24:00\"");
  return std::nullopt;
}

// "Z", "+02:00", "-03:30" → minutes east of UTC.
int read_utc_offset(TomlTable& table) {
  const auto text = table.string("utc_offset");
  if (!text || *text == "Z") { return 0; }
  const auto digit = [&](std::size_t at) { return (*text)[at] >= '0' && (*text)[at] <= '9'; };
  if (text->size() == 6 && ((*text)[0] == '+' || (*text)[0] == '-') && digit(1) && digit(2) &&
      (*text)[3] == ':' && digit(4) && digit(5)) {
    const int minutes = std::stoi(text->substr(4));
    const int whole = std::stoi(text->substr(1)) * 60 + minutes;
    constexpr int kMostEast = 14 * 60;
    if (minutes < 60 && whole <= kMostEast) { return (*text)[0] == '-' ? -whole : whole; }
  }
  table.error("utc_offset", "'utc_offset' is \"" + *text + "\", not an offset from UTC",
              "such as \"+01:00\"; it is fixed: summer time needs windows of its own");
  return 0;
}

unsigned read_days(TomlTable& table, const Context& context) {
  const std::vector<std::string> names = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  if (!table.has("days")) { return (1U << names.size()) - 1; }
  unsigned days = 0;
  for (const LocatedString& day : read_known(table, "days", "day", names, context)) {
    const auto found = std::find(names.begin(), names.end(), day.text);
    if (found != names.end()) { days |= 1U << (found - names.begin()); }
  }
  return days;
}

Window read_window(TomlTable& table, const Choosing& usual, Context& context) {
  Window window;
  window.days = read_days(table, context);
  window.from_min = read_time(table, "from").value_or(0);
  window.to_min = read_time(table, "to").value_or(kDayMin);
  window.utc_offset_min = read_utc_offset(table);
  if (window.from_min == kDayMin || window.from_min == window.to_min) {
    table.error("from", "the window is empty", "from \"00:00\" to \"24:00\" is the whole day");
  }
  window.choosing = read_choosing(table, usual, context);
  const bool acts = table.has("policy") || table.has("pools") || table.has("weights") ||
                    table.has("map") || table.has("obey_capacity");
  if (!acts) {
    context.problems.error(table.at(), "the window changes nothing",
                           "set policy, pools, weights, map or obey_capacity");
  }
  table.finish();
  return window;
}

}  // namespace

std::string_view to_string(Policy policy) noexcept {
  return policy_names()[static_cast<std::size_t>(policy)];
}

Choosing read_choosing(TomlTable& table, const Choosing& usual, Context& context) {
  Choosing choosing = usual;
  const auto policy = read_policy(table, policy_names().size());
  if (policy && *policy != usual.policy) {
    choosing.policy = *policy;
    choosing.obey_capacity.reset();
  }
  PoolList pools = read_pool_list(table, "pools", context);
  if (table.has("pools")) { choosing.pools = std::move(pools); }
  auto weights = read_weights(table, context);
  if (table.has("weights")) { choosing.weights = std::move(weights); }
  if (const auto obeys = table.boolean("obey_capacity")) { choosing.obey_capacity = *obeys; }
  if (table.has("policy") && !policy) { return choosing; }  // what it needs isn't known
  read_map_of(table, context, choosing);
  check_weights(table, choosing.policy);
  check_capacity(table, choosing.policy, choosing.obey_capacity);
  return choosing;
}

std::vector<Window> read_windows(TomlTable& service, const Choosing& usual, Context& context) {
  std::vector<Window> windows;
  auto tables = service.tables("scheduled");
  windows.reserve(tables.size());
  for (TomlTable& table : tables) { windows.push_back(read_window(table, usual, context)); }
  if (windows.size() > kMaxWindows) {
    context.problems.error(tables[kMaxWindows].at(),
                           "over " + std::to_string(kMaxWindows) + " windows in a service");
  }
  return windows;
}

void read_pools(TomlTable& root, Context& context) {
  for (auto& [id, table] : root.named_tables("pool")) {
    context.config.pools.push_back(read_pool(id, table, context));
  }
}

void read_maps(TomlTable& root, Context& context) {
  for (auto& [id, table] : root.named_tables("map")) {
    context.config.maps.push_back(read_map(id, table, context));
  }
}

}  // namespace gslb::config
