// Which address stands for which unit, what was ordered of whom, and what came back.
//
// Source: steering.md (2b).  The planner says which pair (probes.h); this finds somebody to probe
// and keeps the peace: one target at a time, not often, never who may not be probed.
//
// Never a random host: targets are resolvers that asked us again and again, or what the operator
// listed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/prefix_set.h"
#include "gslb/fleet/report.h"
#include "gslb/measure/probes.h"

namespace gslb::measure {

struct ProbeRules {
  PrefixSet exclude;
  bool allow_private = false;  // targets that are not of the public Internet
  milliseconds target_interval{10'000};
  milliseconds mesh_interval{10'000};  // between two probes of a cluster to others; 0: none
  std::uint16_t mesh_port = 443;
};

struct ProbeTarget {
  Address address;
  fleet::ProbeKind kind = fleet::ProbeKind::kIcmp;
  std::uint16_t port = 0;  // 0 with kIcmp only
};

// A measured pair: of a unit, or of two clusters.
struct ProbeFinding {
  geo::UnitIndex unit = 0;
  std::optional<fleet::ClusterIndex> peer;  // the cluster probed, in the place of a unit
  double rtt_ms = 0;
};

struct ProbeBookFigures {
  std::uint64_t ordered = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t expired = 0;   // no result came
  std::uint64_t unwanted = 0;  // results nobody had ordered of that cluster
  std::size_t targets = 0;     // known now
};

// Thread-compatible; deterministic.  Time must not go back.
class ProbeBook {
 public:
  static constexpr std::size_t kMostTargets = 65'536;
  static constexpr std::size_t kMostPerUnit = 4;
  static constexpr milliseconds kPatience{120'000};  // for a result

  // `first_id`: above every id of an earlier run.
  ProbeBook(ProbeRules rules, std::size_t clusters, std::uint64_t first_id);

  // What the operator listed.  False: it may not be probed.
  bool add_target(geo::UnitIndex unit, const ProbeTarget& target);
  // A resolver asked.  It becomes a target when it has asked at three times an interval apart.
  void saw_resolver(geo::UnitIndex unit, const Address& resolver, MonoTime now);
  // Addresses of a cluster's nodes, for the mesh.
  void set_nodes(fleet::ClusterIndex cluster, std::vector<Address> nodes);

  // Whether somebody in the unit may be probed now.
  bool is_ready(geo::UnitIndex unit, MonoTime now) const;
  std::vector<geo::UnitIndex> ready_units(MonoTime now) const;
  // What the planner wants; replaces what it wanted before.
  void set_wishes(const std::vector<ProbeOrder>& wishes);
  // At most `room` orders for a node of the cluster.
  std::vector<fleet::Probe> take(fleet::ClusterIndex cluster, std::size_t room, MonoTime now);
  // What an order of that cluster has found; nullopt: nothing to learn from.
  std::optional<ProbeFinding> settle(fleet::ClusterIndex cluster, const fleet::ProbeResult& result,
                                     MonoTime now);
  // Resolvers that are targets, or on the way to be; for the book of the next configuration.
  std::vector<Address> resolvers() const;
  // Takes over what is known of a resolver of an earlier book.
  void inherit(const ProbeBook& old, const Address& resolver, geo::UnitIndex unit);
  const ProbeBookFigures& figures() const noexcept { return figures_; }

 private:
  struct Target {
    geo::UnitIndex unit = 0;
    ProbeTarget how;
    bool is_listed = false;    // the operator's: never dropped
    unsigned sightings = 0;    // of a resolver
    unsigned failures = 0;     // in a row
    bool is_asked = false;     // an order is out
    MonoTime ready_at{};       // not before
    MonoTime next_sighting{};  // one before this isn't counted
  };
  struct Order {
    fleet::ClusterIndex cluster = 0;
    std::optional<Address> target;            // of a unit
    std::optional<fleet::ClusterIndex> peer;  // or a cluster
    MonoTime until{};
  };

  bool may_probe(const Address& address) const;
  const Target* ready_target(geo::UnitIndex unit, MonoTime now) const;
  void expire(MonoTime now);
  void note_failure(Target& target, MonoTime now);
  std::optional<fleet::Probe> mesh_probe(fleet::ClusterIndex cluster, MonoTime now);
  std::uint64_t remember(Order order, MonoTime now);

  ProbeRules rules_;
  std::map<Address, Target> targets_;
  std::map<geo::UnitIndex, std::vector<Address>> of_unit_;
  std::vector<std::deque<geo::UnitIndex>> wishes_;  // by cluster
  std::map<std::uint64_t, Order> orders_;           // by id, so by time
  std::vector<std::vector<Address>> nodes_;         // by cluster
  std::vector<MonoTime> mesh_due_;                  // by cluster
  std::vector<fleet::ClusterIndex> mesh_next_;      // by cluster: whom it probes next
  std::uint64_t next_id_;
  ProbeBookFigures figures_;
};

}  // namespace gslb::measure
