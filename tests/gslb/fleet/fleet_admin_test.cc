#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

std::size_t set(Fleet& fleet, const std::string& glob, AdminState state,
                std::optional<milliseconds> lasts = std::nullopt) {
  return fleet.state().set_admin(glob, state, "maintenance", lasts, fleet.now());
}

TEST(Admin, GlobsDoNotCrossTheSlash) {
  EXPECT_TRUE(glob_matches("fra*", "fra2"));
  EXPECT_FALSE(glob_matches("fra*", "fra/node-1"));
  EXPECT_TRUE(glob_matches("*/node-1", "fra/node-1"));
  EXPECT_TRUE(glob_matches("fra/*", "fra/node-1"));
  EXPECT_TRUE(glob_matches("n[xy]c", "nyc"));
  EXPECT_FALSE(glob_matches("*", "fra/node-1"));
  EXPECT_FALSE(glob_matches("", "fra"));
}

TEST(Admin, DrainedClusterNamesNoNodeAndComesBack) {
  Fleet fleet;
  fleet.beat_all();
  EXPECT_EQ(set(fleet, "fra", AdminState::kDrain), 1U);
  EXPECT_EQ(fleet.serving("fra"), 0U);
  EXPECT_EQ(fleet.serving("nyc"), 0b11U);
  EXPECT_EQ(fleet.health("fra/node-1"), NodeHealth::kUp);  // still well
  EXPECT_EQ(fleet.state().clear_admin("fra", fleet.now()), 1U);
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
}

TEST(Admin, SingleNodesByGlob) {
  Fleet fleet;
  fleet.beat_all();
  EXPECT_EQ(set(fleet, "*/node-1", AdminState::kDown), 2U);
  EXPECT_EQ(fleet.serving("fra"), 0b10U);
  EXPECT_EQ(fleet.serving("nyc"), 0b10U);
  EXPECT_EQ(set(fleet, "fra/*", AdminState::kNone), 2U);
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
  EXPECT_EQ(fleet.serving("nyc"), 0b10U);
  EXPECT_EQ(set(fleet, "lon*", AdminState::kDown), 0U);
}

TEST(Admin, ForcedUpServesWhateverHeartbeatsSay) {
  Fleet fleet;
  fleet.beat("fra/node-1", NodeState::kDown);
  set(fleet, "fra", AdminState::kUp);
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
  fleet.advance_and_tick(milliseconds(10'000));
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
  set(fleet, "nyc/node-2", AdminState::kUp);
  EXPECT_EQ(fleet.serving("nyc"), 0b10U);
}

TEST(Admin, OffBeatsOn) {
  Fleet fleet;
  fleet.beat_all();
  set(fleet, "fra/node-1", AdminState::kUp);
  set(fleet, "fra", AdminState::kDrain);
  EXPECT_EQ(fleet.serving("fra"), 0U);
  set(fleet, "nyc", AdminState::kUp);
  set(fleet, "nyc/node-1", AdminState::kDrain);
  EXPECT_EQ(fleet.serving("nyc"), 0b10U);
}

TEST(Admin, ExpiresByItselfAtItsTime) {
  Fleet fleet({}, {{"fra", {"node-1"}, "none"}});
  set(fleet, "fra", AdminState::kDrain, milliseconds(5000));
  ASSERT_EQ(fleet.state().next_deadline(), fleet.now().mono + milliseconds(5000));
  fleet.advance_and_tick(milliseconds(4999));
  EXPECT_EQ(fleet.serving("fra"), 0U);
  fleet.advance_and_tick(milliseconds(1));
  EXPECT_EQ(fleet.serving("fra"), 1U);
  EXPECT_TRUE(fleet.state().admin().empty());
  EXPECT_EQ(fleet.state().events().back().kind, EventKind::kClusterServing);
}

TEST(Admin, EndlessDurationsAreCutInsteadOfOverflowing) {
  Fleet fleet;
  set(fleet, "fra", AdminState::kDrain, milliseconds::max());
  EXPECT_EQ(fleet.state().admin().at("fra").expires->mono, fleet.now().mono + kMaxAdminLasts);
}

TEST(Admin, LaterCommandReplacesTheFormerWithItsExpiry) {
  Fleet fleet;
  fleet.beat_all();
  set(fleet, "fra", AdminState::kDrain, milliseconds(100));
  set(fleet, "fra", AdminState::kDown);
  fleet.advance_and_tick(milliseconds(200));
  EXPECT_EQ(fleet.serving("fra"), 0U);
  EXPECT_EQ(fleet.state().admin().at("fra").state, AdminState::kDown);
}

TEST(Admin, ShownInStatus) {
  Fleet fleet;
  fleet.beat_all();
  set(fleet, "nyc", AdminState::kDrain, milliseconds(5000));
  set(fleet, "nyc/node-1", AdminState::kDown);
  const auto status = fleet.state().status(fleet.now().mono);
  EXPECT_EQ(status[0].admin, AdminState::kNone);
  EXPECT_EQ(status[1].admin, AdminState::kDrain);
  EXPECT_EQ(status[1].admin_reason, "maintenance");
  EXPECT_EQ(status[1].admin_expires, fleet.now().wall + milliseconds(5000));
  EXPECT_EQ(status[1].nodes[0].admin, AdminState::kDown);
  EXPECT_FALSE(status[1].nodes[1].serving);
}

TEST(Admin, NamesRoundTrip) {
  for (const AdminState state :
       {AdminState::kNone, AdminState::kDrain, AdminState::kDown, AdminState::kUp}) {
    EXPECT_EQ(parse_admin_state(to_string(state)), state);
  }
  EXPECT_EQ(parse_admin_state("weight"), std::nullopt);
}

}  // namespace
}  // namespace gslb::fleet
