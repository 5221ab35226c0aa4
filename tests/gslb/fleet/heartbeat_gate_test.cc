#include "gslb/fleet/heartbeat_gate.h"

#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

// A heartbeat as an edge sends it; tests spoil one part.
struct Post {
  std::string time;
  std::string cluster;
  std::string signature;
  std::string body;

  HandledHeartbeat to(Fleet& fleet) const {
    return handle_heartbeat(fleet.state(), {time, cluster, signature}, body, fleet.now());
  }
};

Post post(const Fleet& fleet, const Report& report, const std::string& key) {
  const auto wall_ms =
      std::chrono::duration_cast<milliseconds>(fleet.now().wall.time_since_epoch());
  Post post{std::to_string(wall_ms.count()), report.cluster, "", write_report(report)};
  post.signature = sign_report(key, post.time, post.body);
  return post;
}

TEST(HeartbeatGate, AcceptsATrueHeartbeatAndHandsOutItsReport) {
  Fleet fleet;
  Report report = fleet.report("fra/node-1");
  report.rtt = {{*Prefix::parse("198.51.100.0/24"), 12'500, 3}};
  const auto handled = post(fleet, report, "fra-secret").to(fleet);
  EXPECT_EQ(handled.verdict, HeartbeatVerdict::kAccepted);
  EXPECT_EQ(handled.report.rtt.size(), 1U);
  EXPECT_EQ(fleet.serving("fra"), 1U);
}

TEST(HeartbeatGate, ReplayWithinTheSkewWindowIsRefused) {
  Fleet fleet;
  const Post recorded = post(fleet, fleet.report("fra/node-1"), "fra-secret");
  EXPECT_EQ(recorded.to(fleet).verdict, HeartbeatVerdict::kAccepted);
  fleet.advance(milliseconds(1000));
  EXPECT_EQ(recorded.to(fleet).verdict, HeartbeatVerdict::kStaleSequence);
  fleet.advance(milliseconds(29'001));
  EXPECT_EQ(recorded.to(fleet).verdict, HeartbeatVerdict::kSkew);
  EXPECT_EQ(fleet.state().heartbeats(HeartbeatVerdict::kStaleSequence), 1U);
  EXPECT_EQ(fleet.state().heartbeats(HeartbeatVerdict::kSkew), 1U);
}

TEST(HeartbeatGate, KeyOfOneClusterSpeaksForNoOther) {
  Fleet fleet;
  Post forged = post(fleet, fleet.report("nyc/node-1"), "fra-secret");
  EXPECT_EQ(forged.to(fleet).verdict, HeartbeatVerdict::kBadSignature);
  forged.cluster = "fra";  // now the signature holds, but the body says nyc
  EXPECT_EQ(forged.to(fleet).verdict, HeartbeatVerdict::kWrongCluster);
  EXPECT_EQ(fleet.serving("nyc"), 0U);
}

TEST(HeartbeatGate, UnknownClusterLooksLikeAWrongSignature) {
  Fleet fleet;
  const Post unknown = post(fleet, fleet.report("lon/node-1"), "");
  EXPECT_EQ(unknown.to(fleet).verdict, HeartbeatVerdict::kBadSignature);
  EXPECT_EQ(post(fleet, fleet.report("fra/node-9"), "fra-secret").to(fleet).verdict,
            HeartbeatVerdict::kUnknownNode);
}

TEST(HeartbeatGate, MissingHeadersAreRefused) {
  Fleet fleet;
  const Post whole = post(fleet, fleet.report("fra/node-1"), "fra-secret");
  for (auto header : {&Post::time, &Post::cluster, &Post::signature}) {
    Post spoilt = whole;
    (spoilt.*header).clear();
    EXPECT_EQ(spoilt.to(fleet).verdict, HeartbeatVerdict::kBadSignature);
  }
}

TEST(HeartbeatGate, BadBodiesAreRefusedWithTheReason) {
  Fleet fleet;
  Post bad = post(fleet, fleet.report("fra/node-1"), "fra-secret");
  bad.body = R"({"version":2})";
  bad.signature = sign_report("fra-secret", bad.time, bad.body);
  EXPECT_EQ(bad.to(fleet).verdict, HeartbeatVerdict::kBadBody);
  EXPECT_EQ(bad.to(fleet).detail, describe(ReportError::kVersion));
  bad.body.assign(kMaxReportOctets + 1, ' ');
  EXPECT_EQ(bad.to(fleet).verdict, HeartbeatVerdict::kTooLong);
  EXPECT_EQ(fleet.state().heartbeats(HeartbeatVerdict::kBadBody), 2U);
  EXPECT_EQ(fleet.state().heartbeats(HeartbeatVerdict::kTooLong), 1U);
}

}  // namespace
}  // namespace gslb::fleet
