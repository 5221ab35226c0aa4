#include "tests/scenario/tally.h"

#include <array>

namespace scenario {
namespace {

using gslb::steer::Reason;

constexpr std::array<const char*, gslb::answer::kEcsUseCount> kEcsUses = {"none", "used", "opt_out",
                                                                          "resolver", "static"};

void add_decisions(const tests::World& world, Tally& into) {
  const auto& services = world.epoch->compiled->services->services;
  const auto& clusters = world.epoch->compiled->config.clusters;
  for (gslb::steer::ServiceIndex service = 0; service < services.size(); ++service) {
    for (std::size_t i = 0; i <= clusters.size(); ++i) {
      const bool none = i == clusters.size();
      const auto cluster =
          none ? gslb::fleet::kNoCluster : static_cast<gslb::fleet::ClusterIndex>(i);
      for (std::size_t reason = 0; reason < gslb::steer::kReasonCount; ++reason) {
        const std::string name = "decision." + services[service].id + '.' +
                                 (none ? "none" : clusters[i].id.text) + '.' +
                                 std::string(to_string(static_cast<Reason>(reason)));
        into[name] = world.epoch->decisions->total(service, cluster, static_cast<Reason>(reason));
      }
    }
  }
}

}  // namespace

Tally tally(const tests::World& world) {
  const auto& counters = world.counters;
  Tally into = {{"queries", world.queries()},
                {"responses", world.responses()},
                {"routed", counters.routed.value()},
                {"dropped", counters.dropped.value()},
                {"truncated", counters.truncated.value()},
                {"edns", counters.edns.value()}};
  for (std::size_t i = 0; i < counters.responses_by_rcode.size(); ++i) {
    into["rcode." + gslb::dns::to_string(static_cast<gslb::dns::Rcode>(i))] =
        counters.responses_by_rcode[i].value();
  }
  for (std::size_t i = 0; i < kEcsUses.size(); ++i) {
    into[std::string("ecs.") + kEcsUses[i]] = counters.ecs[i].value();
  }
  add_decisions(world, into);
  return into;
}

}  // namespace scenario
