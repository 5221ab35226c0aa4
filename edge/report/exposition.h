// The edge's figures as Prometheus text.
//
// Source: Prometheus text format 0.0.4; base units and names after its naming rules.
#pragma once

#include <string>
#include <vector>

#include "edge/report/counters.h"
#include "edge/report/prober.h"
#include "gslb/fleet/report.h"

namespace edge::report {

struct GslbFigures {
  std::string url;
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
};

struct Figures {
  std::vector<const WorkerCounters*> workers;
  StoreFigures store;
  std::vector<GslbFigures> gslbs;
  ProbeFigures probes;
  std::uint64_t beacons = 0;
  ReloadFigures reloads;
  std::vector<CertificateFigures> certificates;
  AccessLogFigures access_log;
  std::vector<PeerFigures> peers;
  LoadFigures load;
  std::vector<gslb::fleet::Condition> conditions;
  PurgeFigures purges;
  std::vector<OriginFigures> origins;
  gslb::fleet::NodeState state = gslb::fleet::NodeState::kUp;
  double start_time_s = 0;  // since 1970
};
std::string write_metrics(const Figures& figures);

std::string_view state_name(gslb::fleet::NodeState state) noexcept;
// The version of this build, as in --version.
std::string_view version() noexcept;

}  // namespace edge::report
