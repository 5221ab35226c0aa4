// Services and routes compiled from the configuration: what a routed name asks of steering.
//
// Source: architecture.md "service", "route".  Control path builds it; workers index it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/dns/name.h"
#include "gslb/steer/policy.h"
#include "gslb/steer/ttl.h"

namespace gslb::steer {

using ServiceIndex = std::uint16_t;

// What the HTTPS record of a routed name says beside the decision's addresses.
struct HttpsRecord {
  std::vector<std::uint8_t> parameters;  // alpn and port in wire form, keys 1 and 3
  bool hints = true;
  bool runner_up = false;
};

struct Service {
  std::string id;
  std::vector<std::string> tiers;  // order of preference
  std::uint32_t ttl_s = 60;
  TtlSteps ttl_steps_s{};  // all ttl_s, unless the plan decides
  unsigned priority = 0;   // the lowest is served first when capacity is short
  double reserve = 0;      // share of each cluster's capacity the ones before leave it
  double load = 1;         // of a query on a cluster, against that of one with 1
  unsigned answers = 1;    // addresses in one answer, 1..4
  double on_net_bonus_ms = 0;
  config::FallbackPolicy fallback = config::FallbackPolicy::kAll;
  std::vector<Address> fallback_pool;
  std::optional<dns::Name> fallback_cname;
  std::optional<HttpsRecord> https{};
  bool may_alias = false;  // some decision is answered with a CNAME
  ServicePolicy policy{};
};

// One owner to be steered.
struct Route {
  dns::Name owner;
  ServiceIndex service = 0;
  Location at;
  bool is_beacon = false;  // unique names, see measure/mixtures.h
};

// Immutable; thread-safe.  Indexes are positions in the configuration.
struct ServiceTable {
  std::vector<Service> services;
  std::vector<Route> routes;

  bool has_beacon() const noexcept;
};

// Of all services; at least 1.
double longest_ttl_s(const ServiceTable& services) noexcept;

// Problems: an owner, host or CNAME target that is no domain name, an owner routed twice, a policy
// for more clusters than it can share out.  Null on error.
std::shared_ptr<const ServiceTable> compile_services(const config::Config& config,
                                                     Problems& problems);

}  // namespace gslb::steer
