// What an answer map does with demand: who gets how much, at what round-trip time and cost, and who
// takes over from whom.
#pragma once

#include <functional>
#include <vector>

#include "gslb/trial/trial.h"

namespace gslb::trial {

// One figure for each of a service's units that somebody asks from.
struct RowShare {
  std::size_t row = 0;                              // service * units + unit
  fleet::ClusterIndex cluster = fleet::kNoCluster;  // kNoCluster: nobody of the row serves
  double per_s = 0;
};

// Whom workers name for the settled plan's demand while `serving` says who can: the row's share,
// else the first of the row that serves.  In the order of rows.
std::vector<RowShare> name_clusters(const Trial& trial, const std::vector<bool>& serving);
std::vector<bool> serving_of(const Trial& trial);

struct Traffic {
  // By cluster, then by group.
  std::vector<double> per_s;
  std::vector<double> load;  // the same queries, each times its service's load
  double total_per_s = 0;
  double unserved_per_s = 0;  // named nobody
  std::size_t unserved_rows = 0;
  double rtt_mean_ms = 0;  // estimates, of what is served
  double rtt_p50_ms = 0;
  double rtt_p95_ms = 0;
  double cost_mean_ms = 0;  // what the plan minimises, pools, tiers and preferences left out
  double money_mean = 0;    // cost_per_gb, were every query worth the same octets
};
Traffic count_traffic(const Trial& trial, const std::vector<RowShare>& shares);

// Largest load / target among clusters and groups with a known load; `of_max`: load / max.
double highest_use(const Trial& trial, const Traffic& traffic, bool of_max);

// By the cluster that is lost, then groups that are lost whole, then by the cluster that takes:
// queries a second, each times its service's load, before any new plan; one more column for those
// nobody takes.
std::vector<std::vector<double>> takeovers(const Trial& trial);

}  // namespace gslb::trial
