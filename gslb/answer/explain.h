// Why this client gets that cluster: everything the decision looked at, from the snapshot it came
// from.
//
// Source: architecture.md "Promises": every answer can be explained.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gslb/answer/answer.h"
#include "gslb/fleet/status.h"
#include "gslb/steer/cost.h"
#include "gslb/steer/planner.h"

namespace gslb::answer {

struct ExplainRequest {
  dns::Name name;
  dns::RrType type = dns::RrType::kA;
  Address client;         // sent as client subnet /24 or /56 when `as_subnet`
  bool as_subnet = true;  // false: the client is the resolver itself
  Address resolver;       // source of the query when as_subnet
};

struct ExplainedCluster {
  std::string id;
  steer::Cost cost;
  double price_ms = 0;
  std::string full;  // what most of the price is for: its id, or that of a group; "": no price
  bool serving = false;
  bool fails = false;  // it serves others, but the service's own monitors have all its nodes down
  int rank = -1;       // place in the row: 0 = first; -1: not in it
  double share = 0;    // of the unit's names that the plan gives it
  bool chosen = false;
  std::string tier;     // its best of those the service names; "" when it has none of them
  std::string verdict;  // one line for people: "chosen", "masked: tier", "down", …
  // By add_fleet().
  std::size_t nodes = 0;
  std::size_t serving_nodes = 0;
  fleet::AdminState admin = fleet::AdminState::kNone;
  std::vector<fleet::ResourceLoad> load;
  double utilisation = 0;         // largest current / target
  double planned_load_per_s = 0;  // queries the plan gives it
  double capacity_per_s = 0;      // queries it can take; infinity: no limit known
  double surcharge_per_gb = 0;    // on top of its cost: its traffic is near what is paid for
};

// A node of the cluster that was chosen.
struct ExplainedNode {
  std::string id;
  bool serving = false;
  bool fails = false;     // the service's own monitors have it down
  bool named = false;     // in this answer
  double yield = 0;       // of what names give it, what goes to other nodes
  double load_ratio = 0;  // its load over its share by weight; 0: not known
};

struct Explanation {
  std::string zone;   // "" when no zone of ours holds the name
  std::string route;  // owner of the route that matched; "" when the name is not routed
  std::string service;
  std::string rcode;
  std::vector<std::string> addresses;  // of the answer actually given
  std::uint32_t ttl_s = 0;
  std::uint8_t scope_bits = 0;
  std::string cluster;     // chosen; "" when none
  std::string reason;      // steer::to_string(Reason)
  std::string decided_by;  // "client subnet", "resolver address"
  std::string leaf;        // "198.51.100.0/24"
  std::uint64_t unit_id = 0;
  std::uint32_t asn = 0;
  std::string asn_name;
  std::string country;
  std::optional<geo::Place> place;
  double place_sigma_km = 0;
  struct Client {
    std::uint64_t unit_id = 0;
    std::uint32_t asn = 0;
    std::string country;
    double share = 0;  // 0 … 1
  };
  std::string resolver_network;     // "" unless its clients are known and decide
  std::vector<Client> mixture;      // these clients' units, most first
  double mixture_weight = 0;        // reports behind them, faded
  std::string place_from;           // "override", "geo" data, "unknown"
  bool place_contradicted = false;  // by measured RTT, and left out of the estimates
  std::string override_rule;  // whose `prefer` and `ban` apply: "prefix 198.51.100.0/24"; "": none
  std::string if_lost;        // who answers at once should the chosen cluster die; "": nobody
  std::vector<ExplainedCluster> clusters;  // cheapest first, masked ones last
  std::vector<ExplainedNode> nodes;        // of the chosen cluster; by add_fleet()
  std::uint64_t generation = 0;
  std::vector<std::string> attributions;  // of the geo data behind it
};

// Asks answer() itself, so what is explained is what is served; counts into counters of its own.
// `costs` and `price_ms` (per cluster, may be empty) must be those of the snapshot's plan.
// Allocates; any thread.
Explanation explain(const Snapshot& snapshot, const steer::CostModel& costs,
                    const std::vector<double>& price_ms, const ExplainRequest& request);

// A resolver that is answered for its clients.
struct KnownResolver {
  std::string network;
  std::uint64_t unit_id = 0;                 // where its own address is
  double weight = 0;                         // reports behind it, faded
  std::vector<Explanation::Client> clients;  // most first
};
// In the order of their rows.
std::vector<KnownResolver> known_resolvers(const Snapshot& snapshot);

// The route the name leads to, through CNAMEs and DNAMEs as answer() follows them; kNoRoute when it
// does not.  `zone_name`: of the zone that holds the name, if any; may be null.
zone::RouteIndex find_route(const zone::ZoneSet& zones, const dns::Name& name, dns::RrType type,
                            std::string* zone_name = nullptr);

// Health, loads and what the plan gives each cluster.  `clusters` as in the snapshot's fleet.
void add_fleet(const Snapshot& snapshot, const std::vector<fleet::ClusterStatus>& clusters,
               const steer::PlanSummary& plan, Explanation& explanation);

}  // namespace gslb::answer
