#include "gslb/config/cost.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <map>
#include <system_error>

#include "gslb/base/file.h"
#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr double kMaxCostMs = 1000;  // of a line: below what a tier is worth
constexpr std::size_t kMaxCosts = 50'000;

struct Class {
  std::string_view name;
  Traffic traffic;
};
// A page over a new connection (TCP, TLS, request and a window's growth); segments one after the
// other; a call over a connection that is there.
constexpr Class kClasses[] = {{"web", {4, 100, 10}}, {"video", {2, 2000, 100}}, {"api", {1, 5, 1}}};

std::vector<std::string> read_codes(TomlTable& table, std::string_view key, bool continents,
                                    const Context& context) {
  std::vector<std::string> codes;
  for (const LocatedString& each : read_list(table, key, "leave it out for all", context)) {
    if (continents ? is_continent(each.text) : is_country(each.text)) {
      codes.push_back(each.text);
      continue;
    }
    context.problems.error(
        each.at, "'" + each.text + "' is not a " + (continents ? "continent" : "country") + " code",
        continents ? "AF, AN, AS, EU, NA, OC or SA"
                   : "two upper-case letters of ISO 3166-1, such as DE");
  }
  return codes;
}

// "fra,DE,12.5": cluster; prefix, AS number or country; ms.  Nothing is said of a good line.
std::string read_line(std::string_view line, const Config& config, CostEntry* entry) {
  const std::size_t first = line.find(',');
  const std::size_t second = line.find(',', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) { return "is not cluster,client,ms"; }
  const std::string cluster(line.substr(0, first));
  const std::string client(line.substr(first + 1, second - first - 1));
  const std::string_view ms = line.substr(second + 1);
  const auto found = std::find_if(config.clusters.begin(), config.clusters.end(),
                                  [&](const Cluster& each) { return each.id.text == cluster; });
  if (found == config.clusters.end()) { return "names no cluster: '" + cluster + "'"; }
  entry->cluster = static_cast<std::uint16_t>(found - config.clusters.begin());
  const auto [end, error] = std::from_chars(ms.data(), ms.data() + ms.size(), entry->ms);
  if (error != std::errc() || end != ms.data() + ms.size() ||
      !(std::abs(entry->ms) <= kMaxCostMs)) {
    return "has '" + std::string(ms) + "' for ms, not a number within ±1000";
  }
  if (is_country(client)) {
    entry->country = client;
  } else if (client.starts_with("AS")) {
    std::uint32_t asn = 0;
    const auto digits = std::from_chars(client.data() + 2, client.data() + client.size(), asn);
    if (digits.ec == std::errc() && digits.ptr == client.data() + client.size()) {
      entry->asn = asn;
    }
  } else {
    entry->prefix = Prefix::parse(client);
  }
  if (!entry->prefix && !entry->asn && entry->country.empty()) {
    return "has '" + client + "' for the client, not a prefix, AS64500 or DE";
  }
  return "";
}

}  // namespace

void read_traffic(TomlTable& table, Service& service) {
  std::vector<std::string> names;
  for (const Class& each : kClasses) { names.emplace_back(each.name); }
  if (const auto name = table.choice("class", names)) {
    service.traffic =
        kClasses[std::find(names.begin(), names.end(), *name) - names.begin()].traffic;
  }
  Traffic& traffic = service.traffic;
  traffic.round_trips = table.number("round_trips", 0.1, 16).value_or(traffic.round_trips);
  traffic.object_kb = table.number("object_kb", 0, 1e6).value_or(traffic.object_kb);
  traffic.ms_per_cost = table.number("ms_per_cost", 0, 1e6).value_or(traffic.ms_per_cost);
}

void read_delivery(TomlTable& table, Cluster& cluster) {
  Delivery& into = cluster.delivery;
  into.bandwidth_mbps = table.number("bandwidth_mbps", 0.001, 1e6).value_or(into.bandwidth_mbps);
  into.loss = table.number("loss", 0, 0.5).value_or(into.loss);
  into.hit_ratio = table.number("hit_ratio", 0, 1).value_or(into.hit_ratio);
  into.fill_ms = table.number("fill_ms", 0, 10'000).value_or(into.fill_ms);
}

void read_geofence(TomlTable& table, Cluster& cluster, const Context& context) {
  Geofence& into = cluster.geofence;
  into.only_countries = read_codes(table, "only_countries", false, context);
  into.only_continents = read_codes(table, "only_continents", true, context);
  into.not_countries = read_codes(table, "not_countries", false, context);
  into.not_continents = read_codes(table, "not_continents", true, context);
}

void read_masks(TomlTable& table, Service& service, const Context& context) {
  service.on_net_only = table.boolean("on_net_only").value_or(false);
  service.cluster_countries = read_codes(table, "cluster_countries", false, context);
  for (const LocatedString& need : read_list(table, "needs", "leave it out", context)) {
    const auto& clusters = context.config.clusters;
    if (std::none_of(clusters.begin(), clusters.end(), [&](const Cluster& each) {
          return std::find(each.capabilities.begin(), each.capabilities.end(), need.text) !=
                 each.capabilities.end();
        })) {
      context.problems.error(need.at, "no cluster has the capability '" + need.text + "'",
                             "name it in some [cluster.ID] capabilities");
    }
    service.needs.push_back(need.text);
  }
  const std::vector<std::string> families = {"any", "ipv4", "ipv6", "both"};
  if (const auto family = table.choice("needs_family", families)) {
    service.needs_family = static_cast<NeededFamily>(
        std::find(families.begin(), families.end(), *family) - families.begin());
  }
}

void read_cost_file(const LocatedString& path, Context& context) {
  const auto content = read_file(path.text);
  if (!content) {
    context.problems.error(
        path.at, "can't read '" + path.text + "': " + std::generic_category().message(errno));
    return;
  }
  std::string_view rest = *content;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    if (line.empty() || line.front() == '#') { continue; }
    CostEntry entry;
    if (const std::string wrong = read_line(line, context.config, &entry); !wrong.empty()) {
      context.problems.error({path.text, number, 1}, "the line " + wrong,
                             "such as fra,DE,12 or fra,AS64500,-3 or fra,192.0.2.0/24,5");
      continue;
    }
    if (context.config.costs.size() == kMaxCosts) {
      context.problems.error({path.text, number, 1}, "over 50000 lines");
      return;
    }
    context.config.costs.push_back(std::move(entry));
  }
}

// Clients of a prefix become units of their own by an override that says what the closest one
// around it says.
void add_cost_overrides(Config& config) {
  std::map<Prefix, std::size_t> known;
  for (std::size_t i = 0; i < config.overrides.size(); ++i) {
    if (config.overrides[i].prefix) { known.emplace(*config.overrides[i].prefix, i); }
  }
  for (const CostEntry& entry : config.costs) {
    if (!entry.prefix || known.contains(*entry.prefix)) { continue; }
    Override added;
    for (int bits = entry.prefix->bits() - 1; bits >= 0; --bits) {
      const auto around = known.find(Prefix(entry.prefix->address(), bits));
      if (around == known.end()) { continue; }
      added = config.overrides[around->second];
      break;
    }
    added.prefix = entry.prefix;
    known.emplace(*entry.prefix, config.overrides.size());
    config.overrides.push_back(std::move(added));
  }
}

}  // namespace gslb::config
