#include "gslb/control/node_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace gslb::control {
namespace {

namespace json = boost::json;

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// As rates: the heartbeat's counts mean nothing without their span.
json::object host_use(const fleet::HostUse& use, double span_s) {
  return {{"hosts", use.hosts},
          {"requests_per_s", static_cast<double>(use.requests) / span_s},
          {"egress_bits_per_s", 8 * static_cast<double>(use.octets) / span_s},
          {"hit_ratio", ratio(use.hits, use.requests)},
          {"octet_hit_ratio", ratio(use.hit_octets, use.octets)},
          {"origin_ms", static_cast<double>(use.origin_us) / 1000 / span_s}};
}

json::value store_use(const fleet::StoreUse& store) {
  if (store.memory_budget == 0) { return nullptr; }
  json::object made{{"memory_octets", store.memory_octets}, {"memory_budget", store.memory_budget}};
  if (store.disk_budget > 0) {
    made["disk_octets"] = store.disk_octets;
    made["disk_budget"] = store.disk_budget;
    made["disk_writable"] = store.disk_writable;
  }
  return made;
}

}  // namespace

void put_figures(const fleet::NodeFigures& figures, json::object& node) {
  json::array hosts;
  const double span_s = static_cast<double>(figures.span_ms) / 1000;
  if (span_s > 0) {
    for (const fleet::HostUse& use : figures.hosts) { hosts.push_back(host_use(use, span_s)); }
  }
  json::array conditions;
  for (const fleet::Condition& each : figures.conditions) {
    conditions.push_back(json::object{{"kind", each.kind}, {"detail", each.detail}});
  }
  json::array siblings;
  for (const fleet::SiblingHealth& each : figures.siblings) {
    siblings.push_back(json::object{{"node", each.node}, {"up", each.up}});
  }
  node["hosts"] = std::move(hosts);
  node["store"] = store_use(figures.store);
  node["conditions"] = std::move(conditions);
  node["siblings"] = std::move(siblings);
}

}  // namespace gslb::control
