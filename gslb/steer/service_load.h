// What a query of each service takes of a cluster, learnt from what edges say they served.
//
// Source: steering.md (4), demand from heartbeats; (tests) "a tenant that costs more per request".
//
// Services are asked for alike and take differently of each resource: a video takes egress, an API
// requests.  What a query takes is therefore weighed by which resource is scarce in the fleet now.
//
// Why one figure a service and not one a cluster and resource: with one unit of demand for all the
// assignment is a flow, solved exactly and fast.  Where a cluster is short of something else than
// the others, its own load factor, which goes by its tightest resource, makes up for it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace gslb::steer {

// What was served of a service since the last plan.
struct ServiceUse {
  std::size_t service = 0;
  double requests_per_s = 0;
  double octets_per_s = 0;
};

struct FleetUse {
  std::vector<ServiceUse> services;  // of which edges told; ascending
  // Of the clusters' load, how much is of clusters that egress is the tightest resource of; 0 … 1.
  double egress_share = 0;
};

// Means over about five minutes.  Amounts a second.
struct ServiceNeed {
  double told = 0;  // plans since the first that edges told of it in, up to kMostTold
  double queries = 0;
  double requests = 0;
  double octets = 0;
};

// Planning-thread-only.  A value.
class ServiceLoads {
 public:
  // `configured`: by service, what holds until it is known better.  > 0
  explicit ServiceLoads(std::vector<double> configured);

  // One plan's news.  `queries_per_s`: by service, as smoothed as demand is.
  void learn(const FleetUse& use, std::span<const double> queries_per_s);

  // What a query takes, against the mean of all; 0.001 … 1000.
  const std::vector<double>& all() const noexcept { return loads_; }
  double of(std::size_t service) const noexcept { return loads_[service]; }

  // What is learnt, for the next epoch and for files.
  const ServiceNeed& need(std::size_t service) const noexcept { return needs_[service]; }
  double egress_share() const noexcept { return egress_share_; }
  // Total: what is in no range is left out.  weigh() then makes them count.
  void set_need(std::size_t service, const ServiceNeed& need) noexcept;
  void set_egress_share(double share) noexcept;
  void weigh();

 private:
  std::vector<double> configured_;
  std::vector<ServiceNeed> needs_;
  double egress_share_ = 0;
  std::vector<double> loads_;
};

}  // namespace gslb::steer
