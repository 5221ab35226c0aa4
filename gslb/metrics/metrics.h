// The server's figures as Prometheus text.
//
// Source: Prometheus exposition format 0.0.4 and its naming rules (base units, _total, bounded
// labels: never a name or a client's address).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gslb/answer/counters.h"
#include "gslb/answer/snapshot.h"
#include "gslb/base/clock.h"
#include "gslb/dnssec/keys_json.h"
#include "gslb/fleet/status.h"
#include "gslb/measure/beacon_figures.h"
#include "gslb/measure/probe_book.h"
#include "gslb/server/server_counters.h"
#include "gslb/steer/planner.h"
#include "gslb/transfer/notifier.h"
#include "gslb/transfer/outgoing.h"
#include "gslb/transfer/secondary_zones.h"

namespace gslb::metrics {

// Of zones with primaries.
struct SecondaryFigures {
  std::size_t empty = 0;
  std::size_t current = 0;
  std::size_t expired = 0;
  std::size_t failing = 0;  // in any state
  transfer::FetchCounts fetches{};
  std::array<std::uint64_t, transfer::kNotifyVerdicts> notifies{};
};

// What one scrape shows; gathered on the control thread, rendered on any.
struct Input {
  std::string version;
  WallTime started;
  bool ready = false;
  std::vector<const answer::AnswerCounters*> answers;  // one a worker; none before ready
  std::vector<const server::ServerCounters*> servers;  // one a worker; none before ready
  std::optional<WallTime> tls_not_after;               // end of the certificate of listen_tls
  std::shared_ptr<const answer::Snapshot> snapshot;    // null before ready
  std::vector<fleet::ClusterStatus> clusters;
  std::vector<fleet::GroupStatus> groups;
  std::vector<fleet::MonitorStatus> monitors;
  fleet::SuspicionStatus suspicion;
  std::vector<fleet::ServiceStatus> services;  // with monitors of their own
  std::array<std::uint64_t, fleet::kHeartbeatVerdicts> heartbeats{};  // by verdict
  const transfer::Notifier* notifier = nullptr;                       // null: none are counted
  const transfer::Outgoing* transfers = nullptr;                      // null: none are counted
  std::optional<steer::PlanSummary> plan;
  measure::ProbeBookFigures probes;
  measure::BeaconFigures beacons;
  std::uint64_t samples_lost = 0;  // of RTT, before they got to the estimator
  std::uint64_t plans = 0;
  double last_plan_duration_s = 0;
  std::optional<WallTime> last_plan_at;
  std::uint64_t reloads_succeeded = 0;
  std::uint64_t reloads_failed = 0;
  bool last_reload_succeeded = true;
  std::size_t kept_zones = 0;  // at the last reload, see ReloadReport
  std::optional<WallTime> last_reload_at;
  std::optional<SecondaryFigures> secondaries;
  std::vector<dnssec::SigningStatus> signing;  // one a zone with a policy
  std::uint64_t signatures_made = 0;
};

// Clean under `promtool check metrics`.
std::string render(const Input& input);

}  // namespace gslb::metrics
