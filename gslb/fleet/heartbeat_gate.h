// One POSTed heartbeat from its headers and body to the fleet state: the only way in.
//
// Source: docs/heartbeat.md.  The order matters: nothing of the body is read before the signature
// holds, so strangers reach one HMAC and no parser.
#pragma once

#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {

// Values of kTimeHeader, kClusterHeader and kSignatureHeader; empty when absent.
struct HeartbeatHeaders {
  std::string_view time;
  std::string_view cluster;
  std::string_view signature;
};

struct HandledHeartbeat {
  HeartbeatVerdict verdict = HeartbeatVerdict::kAccepted;
  std::string_view detail;  // for logs and the response body; a literal
  Report report;            // filled when accepted: its RTT samples are the estimator's
};

// Verifies, parses, applies and counts.
HandledHeartbeat handle_heartbeat(FleetState& state, const HeartbeatHeaders& headers,
                                  std::string_view body, Moment now);

}  // namespace gslb::fleet
