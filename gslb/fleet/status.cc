#include "gslb/fleet/status.h"

namespace gslb::fleet {

std::string_view to_string(NodeHealth health) noexcept {
  switch (health) {
    case NodeHealth::kUnknown:
      return "unknown";
    case NodeHealth::kUp:
      return "up";
    case NodeHealth::kDraining:
      return "draining";
    case NodeHealth::kDown:
      return "down";
    case NodeHealth::kStale:
      return "stale";
  }
  return "unknown";
}

std::optional<NodeHealth> parse_node_health(std::string_view text) noexcept {
  for (const NodeHealth health : {NodeHealth::kUnknown, NodeHealth::kUp, NodeHealth::kDraining,
                                  NodeHealth::kDown, NodeHealth::kStale}) {
    if (to_string(health) == text) { return health; }
  }
  return std::nullopt;
}

namespace {

struct VerdictRow {
  std::string_view name;
  int status;  // RFC 9110 15
};

VerdictRow row_of(HeartbeatVerdict verdict) {
  switch (verdict) {
    case HeartbeatVerdict::kAccepted:
      return {"accepted", 204};
    case HeartbeatVerdict::kTooLong:
      return {"too_long", 413};
    case HeartbeatVerdict::kBadSignature:
      return {"bad_signature", 401};
    case HeartbeatVerdict::kSkew:
      return {"skew", 401};
    case HeartbeatVerdict::kBadBody:
      return {"bad_body", 400};
    case HeartbeatVerdict::kWrongCluster:
      return {"wrong_cluster", 403};
    case HeartbeatVerdict::kUnknownCluster:
      return {"unknown_cluster", 404};
    case HeartbeatVerdict::kUnknownNode:
      return {"unknown_node", 404};
    case HeartbeatVerdict::kStaleSequence:
      return {"stale_sequence", 409};
    case HeartbeatVerdict::kOldIncarnation:
      return {"old_incarnation", 409};
    case HeartbeatVerdict::kFutureIncarnation:
      return {"future_incarnation", 409};
  }
  return {"unknown", 500};
}

}  // namespace

std::string_view to_string(HeartbeatVerdict verdict) noexcept { return row_of(verdict).name; }
int http_status(HeartbeatVerdict verdict) noexcept { return row_of(verdict).status; }

std::string_view to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::kNodeHealth:
      return "node_health";
    case EventKind::kClusterServing:
      return "cluster_serving";
    case EventKind::kNodeRestart:
      return "node_restart";
    case EventKind::kAdmin:
      return "admin";
    case EventKind::kRestored:
      return "restored";
    case EventKind::kMonitor:
      return "monitor";
    case EventKind::kSuspicion:
      return "suspicion";
  }
  return "unknown";
}

}  // namespace gslb::fleet
