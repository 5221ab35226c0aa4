// Who is alive, how loaded, and what the operator has forced: the one writer of fleet truth and of
// the health board.
//
// Source: architecture.md "Life of a decision"; docs/heartbeat.md for the rules edges rely on.
//
// Every event (heartbeat, expiry, operator's command) is applied here in the order it came, so a
// run can be replayed.  Time is an argument; REQUIRES everywhere: `now` never goes back.
#pragma once

#include <array>
#include <deque>
#include <set>
#include <utility>

#include "gslb/base/problem.h"
#include "gslb/fleet/admin_state.h"
#include "gslb/fleet/balance.h"
#include "gslb/fleet/model.h"
#include "gslb/fleet/report.h"
#include "gslb/fleet/state_file.h"
#include "gslb/fleet/status.h"

namespace gslb::fleet {

// One result of a monitor.
struct MonitorResult {
  std::string key;  // MonitorTarget::key
  Outcome outcome = Outcome::kUnasked;
  std::string reason;  // for people; of good ones empty
  milliseconds took{0};
};

// Largest current / target; 0 when no target is known.
double utilisation_of(const std::vector<ResourceLoad>& loads) noexcept;

// Control-thread-only.  The board it hands out is read by any thread.
class FleetState {
 public:
  FleetState(std::shared_ptr<const FleetModel> model, Moment now);

  const FleetModel& model() const noexcept { return *model_; }
  std::shared_ptr<const FleetModel> shared_model() const noexcept { return model_; }
  std::shared_ptr<const HealthBoard> board() const noexcept { return board_; }

  // One heartbeat whose signature has been verified.  Deadlines that passed before `now` are
  // applied first, so that it doesn't matter whether tick() was late.  Only kAccepted changes
  // anything but counters.
  HeartbeatVerdict apply_heartbeat(const Report& report, Moment now);
  // A heartbeat refused before it got that far.
  void count_refused(HeartbeatVerdict verdict) { ++verdicts_[static_cast<std::size_t>(verdict)]; }

  // What one asking of a monitor gave.  A key the model doesn't have (a reload came between) is
  // ignored.
  void apply_monitor(const MonitorResult& result, Moment now);
  // Keys of monitors that should be asked now instead of at their time: a node of theirs has just
  // fallen silent.  Each is given once.
  std::vector<std::string> take_urgent() { return std::exchange(urgent_, {}); }

  // Applies every deadline at or before `now`.  Nothing else changes by itself, so one timer set
  // to next_deadline() is enough; set it anew after every call that takes a Moment.
  void tick(Moment now);
  // nullopt: nothing is due ever.
  std::optional<MonoTime> next_deadline() const;

  // Sets or, with kNone, clears every cluster or node of the model that `glob` names; returns how
  // many.  `lasts`: cleared by itself after that, or kMaxAdminLasts if that is sooner.
  // Off beats on: a drained cluster names no node, whatever a node's own state; kUp of a cluster
  // leaves out nodes drained or down by the operator.
  std::size_t set_admin(const std::string& glob, AdminState state, std::string reason,
                        std::optional<milliseconds> lasts, Moment now);
  // Clears also what hangs on ids the model no longer has.
  std::size_t clear_admin(const std::string& glob, Moment now);
  const AdminTable& admin() const noexcept { return admin_; }

  // Whether answers rest on knowledge: every node under heartbeats has been heard of (or restored)
  // or was silent for as long as an expected one may be, and every monitor has given a result (or
  // was restored) or had the time for it.  Never becomes false again.
  bool first_round_complete(MonoTime now) const noexcept;

  // Sum over nodes not stale of `current`.  `target` and `max`: the sum of what up nodes report
  // where all of them do, else the configured value; 0: not known.
  std::vector<ResourceLoad> load(ClusterIndex cluster) const;
  // The same of what a group's clusters share: what they report of the resources it has limits for.
  std::vector<ResourceLoad> group_load(std::size_t group) const;
  // Largest current / target over resources; 0 when no target is known.
  double utilisation(ClusterIndex cluster) const;

  // What is left of the cluster's capacity as far as can be told: a node that is named though it
  // is silent (monitors see it, or we suspect ourselves) counts for less and less, for half in the
  // end.
  struct Sight {
    double share = 1;    // of its capacity
    bool blind = false;  // some load isn't known, so utilisation() is too low
  };
  Sight sight(ClusterIndex cluster) const;  // as of the last event or tick()

  // One look at the nodes' loads: where names give one of them more than its share, it yields of
  // it.  To be called every few seconds; `lag`: how long caches keep answers.
  void balance(MonoTime now, milliseconds lag);

  std::vector<ClusterStatus> status(MonoTime now) const;
  std::vector<GroupStatus> group_status() const;
  std::vector<MonitorStatus> monitor_status() const;
  SuspicionStatus suspicion_status() const;
  // Whether each cluster can serve: by view of the board, by cluster.
  std::vector<bool> serving() const;
  // Of the services with monitors of their own.
  std::vector<ServiceStatus> service_status() const;
  const std::deque<Event>& events() const noexcept { return events_; }  // oldest first
  std::uint64_t heartbeats(HeartbeatVerdict verdict) const noexcept {
    return verdicts_[static_cast<std::size_t>(verdict)];
  }

  // Takes over from the state of the previous configuration, by id: nodes with their deadlines and
  // sequences, operator's states, last good nodes, events, counters.  Indexes and the board are
  // this object's own.  REQUIRES: freshly constructed.
  void adopt(const FleetState& old, Moment now);

  // Everything that must survive a restart, as JSON: operator's states, sequences, health.
  std::string save_state(WallTime now) const;
  // What is unusable in `text` is left out with a warning; nothing here is an error, since a
  // damaged state file must not keep a server from starting.  Restored nodes count as known until
  // their deadline, counted from `now`.  REQUIRES: freshly constructed.
  void restore_state(const std::string& text, Moment now, Problems& problems);

 private:
  // What its own words, its silence and the monitors make of a node.
  enum class Standing : std::uint8_t {
    kServing,
    kOut,        // it says so, or the operator does
    kSeemsDead,  // we guess so
  };
  struct Node {
    NodeHealth health = NodeHealth::kUnknown;
    WallTime since;
    bool known = false;      // heard of or restored: not waited for
    bool sequenced = false;  // incarnation and sequence hold
    std::uint64_t incarnation = 0;
    std::uint64_t sequence = 0;
    std::uint32_t interval_ms = 0;
    unsigned good_heartbeats = 0;
    std::string reason;
    std::optional<MonoTime> heard_at;
    std::optional<MonoTime> deadline;
    std::vector<ResourceLoad> load;
    NodeFigures figures;
    Standing standing = Standing::kSeemsDead;
    std::optional<MonoTime> silent_since;  // its deadline passed then
    bool condemned = false;                // and since then a monitor failed
    Yield yield;
  };
  // One target of a monitor.
  struct Watch {
    MonitorRecord record;
    WallTime since;
    std::optional<WallTime> last_at;  // none: neither asked nor restored
    Outcome last = Outcome::kUnasked;
    std::string reason;
    milliseconds took{0};
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
    std::uint64_t unasked = 0;
    std::vector<NodeRef> nodes;  // of this model
    std::vector<std::pair<std::size_t, NodeRef>> checked;  // for services: of service_checks()
  };
  struct Cluster {
    std::vector<Node> nodes;  // as in the model
    WallTime since;
    Balance balance;
  };

  // How one of service_checks() sees the fleet; all by cluster.
  struct ServiceView {
    Suspicion suspicion;
    std::vector<std::uint64_t> failing;  // nodes some monitor of the service has down
    std::vector<std::uint64_t> good;     // nodes that served, and its monitors had them up
    std::optional<WallTime> suspicious_since;
  };

  Node& at(NodeRef ref) { return clusters_[ref.cluster].nodes[ref.node]; }
  const NodeModel& model_of(NodeRef ref) const {
    return model_->cluster(ref.cluster).nodes[ref.node];
  }
  HeartbeatVerdict judge(const Report& report, WallTime now, NodeRef* ref) const;
  NodeHealth health_after(const Node& node, NodeState state, bool first_round) const;
  void set_health(NodeRef ref, NodeHealth health, Moment now);
  void set_known(NodeRef ref);
  void set_deadline(NodeRef ref, std::optional<MonoTime> deadline);
  void expire_nodes(Moment now);
  void expire_admin(Moment now);
  AdminState admin_of(std::string_view id) const;
  Standing standing(NodeRef ref) const;
  Standing standing_by_health(NodeRef ref) const;
  MonitorState monitors_of(NodeRef ref) const;
  void refresh_board(ClusterIndex cluster, Moment now);
  void refresh_boards(Moment now);
  void write_word(ClusterIndex cluster, WallTime now);
  void note_suspicion(Moment now);
  void begin_watching(Moment now);
  void set_watched(Watch& watch, WallTime at);
  void watch_silence(NodeRef ref);
  void judge_silent(const Watch& watch, Outcome outcome);
  void begin_services();
  MonitorState state_for(const ServiceChecks& checks, NodeRef ref) const;
  void refresh_services(ClusterIndex cluster, std::uint64_t alive, Moment now);
  void write_service_words(ClusterIndex cluster, std::uint64_t nodes, WallTime now);
  void note_service_suspicion(std::size_t v, Moment now);
  void adopt_services(const FleetState& old);
  void carry_deaths(const FleetState& old, const Suspicion& from, Suspicion& into) const;
  std::uint64_t carried_last_good(const FleetState& old, ClusterIndex cluster,
                                  std::size_t old_view) const;
  void adopt_monitors(const FleetState& old);
  void adopt_suspicion(const FleetState& old);
  void save_monitors(SavedState& saved) const;
  void restore_monitors(const SavedState& saved);
  std::vector<double> load_ratios(ClusterIndex cluster) const;
  void write_yields(ClusterIndex cluster);
  void add_event(WallTime at, EventKind kind, std::string target, std::string text);
  NodeStatus node_status(NodeRef ref, MonoTime now) const;
  void restore_node(NodeRef ref, const SavedNode& saved, bool recent, Moment now);

  std::shared_ptr<const FleetModel> model_;
  std::shared_ptr<HealthBoard> board_;
  std::vector<Cluster> clusters_;
  std::set<std::pair<MonoTime, NodeRef>> deadlines_;
  AdminTable admin_;
  MonoTime first_deadline_;  // of nodes never heard of
  std::size_t unknown_ = 0;  // nodes the first round waits for
  bool first_round_ = true;
  std::vector<Watch> watches_;  // as in the model
  MonoTime seen_;               // of the last event or tick()
  std::size_t unwatched_ = 0;   // of them, those the first round waits for
  MonoTime first_watch_deadline_;
  Suspicion suspicion_;
  std::vector<ServiceView> views_;  // as the model's service_checks()
  std::uint64_t suspicions_ = 0;
  std::optional<WallTime> suspicious_since_;
  std::vector<std::string> urgent_;
  std::deque<Event> events_;
  std::array<std::uint64_t, kHeartbeatVerdicts> verdicts_{};
};

}  // namespace gslb::fleet
