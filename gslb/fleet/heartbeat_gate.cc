#include "gslb/fleet/heartbeat_gate.h"

namespace gslb::fleet {
namespace {

HandledHeartbeat refuse(FleetState& state, HeartbeatVerdict verdict, std::string_view detail) {
  state.count_refused(verdict);
  return {verdict, detail, {}};
}

}  // namespace

HandledHeartbeat handle_heartbeat(FleetState& state, const HeartbeatHeaders& headers,
                                  std::string_view body, Moment now) {
  if (body.size() > kMaxReportOctets) {
    return refuse(state, HeartbeatVerdict::kTooLong, describe(ReportError::kTooLong));
  }
  // An unknown cluster has the empty key, which verifies nothing: to a stranger it looks like a
  // wrong signature, so cluster ids can't be tried out.
  const ClusterIndex cluster = state.model().find_cluster(headers.cluster);
  const std::string_view key =
      cluster == kNoCluster ? std::string_view() : state.model().cluster(cluster).key;
  const auto verified = verify_report(key, {headers.time, headers.signature, body}, now.wall,
                                      state.model().rules().max_clock_skew);
  if (!verified) {
    const bool skewed = verified.error() == SignatureError::kSkew;
    return refuse(state, skewed ? HeartbeatVerdict::kSkew : HeartbeatVerdict::kBadSignature,
                  describe(verified.error()));
  }
  auto report = parse_report(body);
  if (!report) { return refuse(state, HeartbeatVerdict::kBadBody, describe(report.error())); }
  if (report->cluster != headers.cluster) {
    return refuse(state, HeartbeatVerdict::kWrongCluster,
                  to_string(HeartbeatVerdict::kWrongCluster));
  }
  const HeartbeatVerdict verdict = state.apply_heartbeat(*report, now);
  if (verdict != HeartbeatVerdict::kAccepted) { return {verdict, to_string(verdict), {}}; }
  return {verdict, to_string(verdict), std::move(report).value()};
}

}  // namespace gslb::fleet
