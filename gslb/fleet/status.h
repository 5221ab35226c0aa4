// The fleet as others see it: plain values copied out for steering, metrics, the admin API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/fleet/admin_state.h"
#include "gslb/fleet/model.h"
#include "gslb/fleet/monitor_record.h"
#include "gslb/fleet/report.h"

namespace gslb::fleet {

enum class NodeHealth : std::uint8_t {
  kUnknown,   // never heard of
  kUp,        // its heartbeats say so
  kDraining,  // its heartbeats say so
  kDown,      // its heartbeats say so, or not yet up_thresh good ones in a row
  kStale,     // silent past its deadline: taken for dead
};
std::string_view to_string(NodeHealth health) noexcept;  // "unknown" "up" "draining" …
std::optional<NodeHealth> parse_node_health(std::string_view text) noexcept;

// What became of one heartbeat; docs/heartbeat.md has the same table.
enum class HeartbeatVerdict : std::uint8_t {
  kAccepted,
  kTooLong,
  kBadSignature,    // missing or malformed headers, unknown cluster, wrong signature
  kSkew,            // signed too far from our time
  kBadBody,         // parse_report refused it
  kWrongCluster,    // the body speaks for another cluster than the key
  kUnknownCluster,  // apply_heartbeat only
  kUnknownNode,
  kStaleSequence,     // replayed, repeated or reordered
  kOldIncarnation,    // of a process that has been replaced
  kFutureIncarnation  // accepting it would lock out the node's next start
};
inline constexpr std::size_t kHeartbeatVerdicts = 11;
std::string_view to_string(HeartbeatVerdict verdict) noexcept;  // "accepted" "too_long" …: labels
int http_status(HeartbeatVerdict verdict) noexcept;

enum class EventKind : std::uint8_t {
  kNodeHealth,      // text: "up -> stale"
  kClusterServing,  // text: "serving", "not serving"
  kNodeRestart,     // text: its new incarnation
  kAdmin,           // text: what was set, cleared or has expired
  kRestored,        // text: what the state file gave
  kMonitor,         // text: "up -> down: connection refused"; target: monitor and address
  kSuspicion,       // text: what is held, or why no longer
};
std::string_view to_string(EventKind kind) noexcept;

inline constexpr std::size_t kMaxEvents = 256;  // kept; older ones are forgotten

struct Event {
  WallTime at;
  EventKind kind = EventKind::kNodeHealth;
  std::string target;  // "fra", "fra/node-1"
  std::string text;
};

struct NodeStatus {
  std::string id;
  NodeHealth health = NodeHealth::kUnknown;
  WallTime since;
  std::string reason;  // the edge's own words
  bool serving = false;
  std::optional<milliseconds> heartbeat_age;  // none: not heard of since start
  std::uint32_t interval_ms = 0;              // as reported; 0: not known
  std::uint64_t incarnation = 0;
  std::uint64_t sequence = 0;
  unsigned good_heartbeats = 0;  // in a row
  AdminState admin = AdminState::kNone;
  std::vector<ResourceLoad> load;        // empty once stale
  NodeFigures figures;                   // likewise
  std::optional<MonitorState> monitors;  // all of its monitors together; none: it has none
  bool held = false;                     // seems dead, and is named while we suspect ourselves
  double yield = 0;                      // of what names give it, what goes to other nodes
  double load_ratio = 0;                 // its load over its share by weight; 0: not known yet
};

// One target of one monitor, asked once for all nodes it is of.
struct MonitorStatus {
  std::string monitor;
  std::string kind;  // "http" …
  std::string item;  // address or name
  MonitorState state = MonitorState::kUnknown;
  WallTime since;                   // of the state
  std::optional<WallTime> last_at;  // of the last result; none yet
  Outcome last = Outcome::kUnasked;
  std::string reason;  // of the last result that was not good, else ""
  milliseconds took{0};
  unsigned good_in_row = 0;
  unsigned failures = 0;   // counted towards down_thresh
  std::uint64_t good = 0;  // since the start of the process, or the target's
  std::uint64_t bad = 0;
  std::uint64_t unasked = 0;
  std::vector<std::string> nodes;     // full ids
  std::vector<std::string> services;  // it is asked for; empty: only for the nodes' own health
};

struct SuspicionStatus {
  bool active = false;
  std::optional<WallTime> since;  // of `active`
  double share = 0;               // of the capacity, what seems to have died at once
  std::size_t held_nodes = 0;
  std::uint64_t times = 0;  // it became active
};

// A service with monitors of its own.
struct ServiceStatus {
  struct Cluster {
    std::string id;
    std::size_t nodes = 0;
    std::uint64_t serving_nodes = 0;  // for this service
    std::uint64_t failing_nodes = 0;  // its monitors have them down
  };
  std::string id;
  SuspicionStatus suspicion;      // of its monitors
  std::vector<Cluster> clusters;  // that it can use
};

// Clusters that share something.
struct GroupStatus {
  std::string id;
  std::vector<std::string> clusters;
  std::vector<ResourceLoad> load;
  double utilisation = 0;
};

struct ClusterStatus {
  std::string id;
  HealthKind health_kind = HealthKind::kHeartbeat;
  std::uint64_t serving_nodes = 0;    // as in the health board
  std::uint64_t last_good_nodes = 0;  // as in the health board
  WallTime since;                     // serving or not serving, whichever it is now
  AdminState admin = AdminState::kNone;
  std::string admin_reason;
  std::optional<WallTime> admin_expires;
  std::vector<ResourceLoad> load;
  double utilisation = 0;
  std::vector<NodeStatus> nodes;
};

}  // namespace gslb::fleet
