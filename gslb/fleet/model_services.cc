// Services' own monitors: which nodes are asked what for them.
#include <algorithm>
#include <set>

#include "gslb/fleet/model.h"

namespace gslb::fleet {
namespace {

using config::Choosing;
using config::Config;

// True when it had the word in it.
bool put_service(std::string& text, const std::string& service) {
  bool found = false;
  for (std::size_t at = text.find(config::kServiceWord); at != std::string::npos;
       at = text.find(config::kServiceWord, at + service.size())) {
    text.replace(at, config::kServiceWord.size(), service);
    found = true;
  }
  return found;
}

void add_named(const Config& config, const config::PoolList& list, std::set<std::string>& named) {
  for (const LocatedString& id : list) {
    const auto pool =
        std::find_if(config.pools.begin(), config.pools.end(),
                     [&](const config::Pool& each) { return each.id.text == id.text; });
    if (pool == config.pools.end()) {
      named.insert(id.text);
      continue;
    }
    for (const LocatedString& cluster : pool->clusters) { named.insert(cluster.text); }
  }
}

// False: it names none, so all there are.
bool add_named(const Config& config, const Choosing& choosing, std::set<std::string>& named) {
  if (!choosing.map && choosing.pools.empty()) { return false; }
  add_named(config, choosing.pools, named);
  const auto add_all = [&](const auto& entries) {
    for (const auto& [key, list] : entries) { add_named(config, list, named); }
  };
  for (const config::Map& map : config.maps) {
    if (!choosing.map || map.id.text != choosing.map->text) { continue; }
    add_named(config, map.others, named);
    add_all(map.continents);
    add_all(map.countries);
    add_all(map.subdivisions);
    add_all(map.networks);
  }
  return true;
}

// Those of its pools, at whatever hour, with one of its tiers.
std::vector<bool> usable_clusters(const Config& config, const config::Service& service) {
  std::set<std::string> named;
  bool names_them = add_named(config, service.choosing, named);
  for (const config::Window& window : service.scheduled) {
    names_them = add_named(config, window.choosing, named) && names_them;
  }
  std::vector<bool> usable;
  for (const config::Cluster& cluster : config.clusters) {
    const bool has_tier =
        std::find_first_of(service.tiers.begin(), service.tiers.end(), cluster.tiers.begin(),
                           cluster.tiers.end()) != service.tiers.end();
    usable.push_back(has_tier && (!names_them || named.contains(cluster.id.text)));
  }
  return usable;
}

}  // namespace

std::pair<config::Monitor, bool> for_service(const config::Monitor& monitor,
                                             const std::string& service) {
  config::Monitor made = monitor;
  bool found = put_service(made.host, service);
  found |= put_service(made.path, service);
  found |= put_service(made.body, service);
  for (std::string& word : made.command) { found |= put_service(word, service); }
  return {std::move(made), found};
}

void FleetModel::add_service_monitors(const Config& config, const MonitorTable& monitors) {
  views_.assign(config.services.size(), 0);
  for (std::size_t s = 0; s < config.services.size(); ++s) {
    const config::Service& service = config.services[s];
    if (service.monitors.empty()) { continue; }
    MonitorTable own;  // those that name the service
    for (const LocatedString& id : service.monitors) {
      auto [made, is_own] = for_service(*monitors.at(id.text), service.id.text);
      if (is_own) {
        own.emplace(id.text, std::make_shared<const config::Monitor>(std::move(made)));
      }
    }
    const auto asked_of = [&](std::size_t cluster, std::size_t node) {
      std::vector<std::uint32_t> indexes;
      for (const LocatedString& id : service.monitors) {
        const auto found = own.find(id.text);
        const bool is_own = found != own.end();
        add_targets(is_own ? found->second : monitors.at(id.text), config.clusters[cluster], node,
                    is_own ? service.id.text : "", indexes);
      }
      return indexes;
    };
    const std::vector<bool> usable = usable_clusters(config, service);
    ServiceChecks checks{service.id.text, s, {}};
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      auto& of_cluster = checks.monitors.emplace_back();
      for (std::size_t n = 0; usable[c] && n < clusters_[c].nodes.size(); ++n) {
        of_cluster.push_back(asked_of(c, n));
      }
    }
    checks_.push_back(std::move(checks));
    views_[s] = static_cast<std::uint16_t>(checks_.size());
  }
}

}  // namespace gslb::fleet
