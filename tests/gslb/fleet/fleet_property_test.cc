// Random histories against a reference that is slow and obvious: every node's fate worked out anew
// from flat maps keyed by id.  A failure prints its seed.
#include "gslb/base/random.h"

#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

constexpr unsigned kUpThresh = 2;
constexpr milliseconds kStart{3000};  // 3 missed heartbeats of 1 s

struct ReferenceNode {
  NodeHealth health = NodeHealth::kUnknown;
  bool known = false;
  std::uint64_t incarnation = 0;
  std::uint64_t sequence = 0;
  unsigned good = 0;
  std::optional<MonoTime> deadline;
};

struct ReferenceAdmin {
  AdminState state;
  std::optional<MonoTime> expires;
};

struct Reference {
  std::map<std::string, ReferenceNode> nodes;
  std::map<std::string, ReferenceAdmin> admin;
  MonoTime start;
  bool first_round = true;

  void expire(MonoTime now) {
    for (auto& [id, node] : nodes) {
      if (!node.deadline || now < *node.deadline) { continue; }
      node.health = NodeHealth::kStale;
      node.good = 0;
      node.deadline.reset();
    }
    std::erase_if(admin, [&](const auto& entry) {
      return entry.second.expires && now >= *entry.second.expires;
    });
    if (now >= start + kStart) { first_round = false; }
  }

  HeartbeatVerdict beat(const Report& report, MonoTime now) {
    ReferenceNode& node = nodes.at(report.cluster + '/' + report.node);
    if (node.known && report.incarnation < node.incarnation) {
      return HeartbeatVerdict::kOldIncarnation;
    }
    if (node.known && report.incarnation == node.incarnation && report.sequence <= node.sequence) {
      return HeartbeatVerdict::kStaleSequence;
    }
    if (report.incarnation > node.incarnation) { node.good = 0; }
    node.incarnation = report.incarnation;
    node.sequence = report.sequence;
    node.known = true;
    node.deadline = now + milliseconds(report.interval_ms) * 3;
    ++node.good;
    if (report.state == NodeState::kDraining) {
      node.health = NodeHealth::kDraining;
    } else if (report.state == NodeState::kUp && (node.good >= kUpThresh || first_round)) {
      node.health = NodeHealth::kUp;
    } else {
      node.health = NodeHealth::kDown;
    }
    if (report.state == NodeState::kDown) { node.good = 0; }
    const bool all_known = std::all_of(nodes.begin(), nodes.end(),
                                       [](const auto& entry) { return entry.second.known; });
    if (all_known) { first_round = false; }
    return HeartbeatVerdict::kAccepted;
  }

  AdminState forced(const std::string& id) const {
    const auto found = admin.find(id);
    return found == admin.end() ? AdminState::kNone : found->second.state;
  }

  bool serves(const std::string& full_id) const {
    bool forced_up = false;
    for (const std::string& id : {full_id, full_id.substr(0, full_id.find('/'))}) {
      const AdminState state = forced(id);
      if (state == AdminState::kDrain || state == AdminState::kDown) { return false; }
      forced_up = forced_up || state == AdminState::kUp;
    }
    return forced_up || nodes.at(full_id).health == NodeHealth::kUp;
  }

  std::optional<MonoTime> next() const {
    std::vector<MonoTime> due;
    for (const auto& [id, node] : nodes) {
      if (node.deadline) { due.push_back(*node.deadline); }
    }
    for (const auto& [id, entry] : admin) {
      if (entry.expires) { due.push_back(*entry.expires); }
    }
    if (first_round) { due.push_back(start + kStart); }
    if (due.empty()) { return std::nullopt; }
    return *std::min_element(due.begin(), due.end());
  }
};

// One history of one seed.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed), state_(new_state()) {
    reference_.start = clock_.mono();
    for (const char* id : {"ams/n1", "ams/n2", "ams/n3", "fra/n1", "fra/n2"}) {
      reference_.nodes[id];
      ids_.emplace_back(id);
    }
  }

  void step() {
    switch (random_.below(12)) {
      case 0:
        return command();
      case 1:
        return reload();
      case 2:
      case 3:
        return wait();
      default:
        return beat();
    }
  }

  void check() {
    reference_.expire(clock_.mono());
    state_->tick(now());
    for (const std::string& id : ids_) {
      const std::size_t slash = id.find('/');
      const ClusterIndex cluster = state_->model().find_cluster(id.substr(0, slash));
      const unsigned bit = *state_->model().cluster(cluster).find_node(id.substr(slash + 1));
      ASSERT_EQ((state_->board()->serving_nodes(cluster) >> bit) & 1, reference_.serves(id)) << id;
      ASSERT_EQ(state_->status(clock_.mono())[cluster].nodes[bit].health,
                reference_.nodes.at(id).health)
          << id;
    }
    ASSERT_EQ(state_->next_deadline(), reference_.next());
    ASSERT_EQ(state_->first_round_complete(clock_.mono()), !reference_.first_round);
  }

 private:
  Moment now() const { return {clock_.mono(), clock_.wall()}; }
  const std::string& any_id() { return ids_[random_.below(ids_.size())]; }

  // Clusters and nodes in one of two orders, so that a reload moves every index.
  std::unique_ptr<FleetState> new_state() {
    std::vector<ClusterSpec> clusters = {{"fra", {"n1", "n2"}}, {"ams", {"n1", "n2", "n3"}}};
    if (random_.below(2) == 0) { clusters = {{"ams", {"n3", "n1", "n2"}}, {"fra", {"n2", "n1"}}}; }
    return std::make_unique<FleetState>(
        FleetModel::compile(make_config(clusters, strict_health(kUpThresh))), now());
  }

  void beat() {
    const std::string& id = any_id();
    const ReferenceNode& node = reference_.nodes.at(id);
    Report report;
    report.cluster = id.substr(0, id.find('/'));
    report.node = id.substr(id.find('/') + 1);
    report.incarnation = node.incarnation + (random_.below(10) == 0 ? 1 : 0);
    if (node.incarnation > 0 && random_.below(10) == 0) { --report.incarnation; }
    report.sequence = node.sequence + random_.below(4);  // now and then a repeat
    const std::uint64_t mood = random_.below(6);
    report.state = mood == 0 ? NodeState::kDown : mood == 1 ? NodeState::kDraining : NodeState::kUp;
    report.interval_ms = static_cast<std::uint32_t>(100 + random_.below(2000));
    reference_.expire(clock_.mono());
    const HeartbeatVerdict expected = reference_.beat(report, clock_.mono());
    ASSERT_EQ(state_->apply_heartbeat(report, now()), expected);
  }

  void wait() {
    // Half of the time exactly to a deadline or one nanosecond short of it.
    const auto next = state_->next_deadline();
    if (next && random_.below(2) == 0) {
      const std::chrono::nanoseconds short_of(random_.below(2));
      clock_.advance(std::max(*next - clock_.mono() - short_of, std::chrono::nanoseconds(0)));
    } else {
      clock_.advance(milliseconds(random_.below(1500)));
    }
  }

  void command() {
    std::string target = any_id();
    if (random_.below(2) == 0) { target.resize(target.find('/')); }
    const auto state = static_cast<AdminState>(random_.below(4));
    std::optional<milliseconds> lasts;
    if (random_.below(2) == 0) { lasts = milliseconds(random_.below(3000) + 1); }
    ASSERT_EQ(state_->set_admin(target, state, "", lasts, now()), 1U);
    reference_.admin.erase(target);
    if (state == AdminState::kNone) { return; }
    std::optional<MonoTime> expires;
    if (lasts) { expires = clock_.mono() + *lasts; }
    reference_.admin[target] = {state, expires};
  }

  void reload() {
    auto next = new_state();
    next->adopt(*state_, now());
    state_ = std::move(next);
  }

  Random random_;
  FakeClock clock_;
  Reference reference_;
  std::vector<std::string> ids_;
  std::unique_ptr<FleetState> state_;
};

TEST(FleetProperty, RandomHistoriesMatchTheReference) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    for (int step = 0; step < 300; ++step) {
      history.step();
      history.check();
      if (testing::Test::HasFatalFailure()) { return; }
    }
  }
}

}  // namespace
}  // namespace gslb::fleet
