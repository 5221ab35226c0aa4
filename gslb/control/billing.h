// The traffic of clusters and groups that is paid for by its 95th percentile, from heartbeats.
//
// Source: steer/commit.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/fleet/fleet_state.h"
#include "gslb/steer/capacity.h"
#include "gslb/steer/commit.h"

namespace gslb::control {

inline constexpr const char* kCommitFile = "commit.txt";

// Control-loop-only.
class Billing {
 public:
  // What is configured now; who was and still is keeps his samples.
  void configure(const config::Config& config);

  // Counts the rates as of now.
  void count(const fleet::FleetState& fleet, WallTime now);
  // What more traffic costs, into the inputs of clusters.  REQUIRES: they are of the model.
  void charge(const fleet::FleetModel& model, std::vector<steer::ClusterInput>& inputs) const;

  bool empty() const noexcept { return meters_.empty(); }
  // A line each: "ID MONTH SURCHARGE RATE …".  Lines of nobody and damaged ones are left out.
  std::string write() const;
  void read(std::string_view text);

 private:
  std::map<std::string, steer::CommitMeter, std::less<>> meters_;  // by id of cluster or group
};

// Billing::write() to a file; what fails is logged.
void save_commitments(const std::string& text, const std::string& path);

}  // namespace gslb::control
