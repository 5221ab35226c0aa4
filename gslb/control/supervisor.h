// The control plane of one GSLB node: owns fleet truth, plans, publishes snapshots, runs the
// server, answers the operator.
//
// Source: architecture.md "Life of a decision" and "Promises".
//
// Two threads of its own: the control loop (fleet state, timers, publication: always quick) and the
// planning thread (compile, plan: seconds are fine).  Nothing that fails here takes away a working
// answer: the last snapshot stays.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gslb/answer/explain.h"
#include "gslb/base/published.h"
#include "gslb/control/billing.h"
#include "gslb/control/compact_signer.h"
#include "gslb/control/epoch.h"
#include "gslb/control/loop.h"
#include "gslb/control/observer.h"
#include "gslb/control/order_book.h"
#include "gslb/control/parent_checker.h"
#include "gslb/control/recorder.h"
#include "gslb/control/reload_report.h"
#include "gslb/control/zone_secondaries.h"
#include "gslb/control/zone_signer.h"
#include "gslb/control/zone_store.h"
#include "gslb/control/zone_transfers.h"
#include "gslb/fleet/fleet_state.h"
#include "gslb/fleet/heartbeat_gate.h"
#include "gslb/metrics/metrics.h"
#include "gslb/monitor/monitors.h"
#include "gslb/server/server.h"

namespace gslb::control {

// What `status` shows.
struct Status {
  std::string version;
  std::string config_file;
  WallTime started;
  WallTime now;
  bool ready = false;
  std::uint64_t generation = 0;  // of the snapshot; 0 before ready
  std::vector<Endpoint> listen;
  std::size_t zones = 0;
  std::size_t records = 0;
  std::size_t routes = 0;
  std::size_t units = 0;
  std::size_t leaves = 0;
  std::vector<std::string> attributions;
  std::shared_ptr<const Compiled> compiled;
  std::vector<fleet::ClusterStatus> clusters;  // as in compiled->config.clusters
  std::vector<fleet::GroupStatus> groups;      // as in compiled->config.groups
  fleet::SuspicionStatus suspicion;
  std::vector<fleet::ServiceStatus> services;  // with monitors of their own
  std::vector<fleet::Event> events;        // oldest first
  std::optional<steer::PlanSummary> plan;  // its figures as in `clusters`, then `groups`
  ReloadReport reload;
};

// What became of a heartbeat, and what its sender is to measure.
struct HeartbeatAnswer {
  fleet::HandledHeartbeat handled;
  std::string orders;     // body of the reply; "" when there are none
  std::string signature;  // of the orders
};

// Every public function may be called from any thread but the control loop's own.
class Supervisor {
 public:
  // `on_fatal` is called (on the control loop) when the server can't be started.
  Supervisor(std::string config_file, std::shared_ptr<Compiled> compiled,
             std::function<void()> on_fatal);
  ~Supervisor();  // stops
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Applies one POSTed heartbeat; quick.
  HeartbeatAnswer heartbeat(const fleet::HeartbeatHeaders& headers, std::string_view body);

  bool ready() const noexcept { return ready_.load(std::memory_order_acquire); }
  Status status();
  std::vector<fleet::MonitorStatus> monitors();
  metrics::Input metrics();
  // Reloads in the background; reload_report() tells how it went.  One at a time: what is asked for
  // while one runs comes after it, as files may have changed since it read them.
  void reload(const ReloadRequest& request = {});
  ReloadReport reload_report();
  // As they are served now; quick.
  std::vector<ZoneStatus> zone_status() const { return zone_store_.status(); }
  std::optional<ZoneStatus> zone_status(const dns::Name& apex) const {
    return zone_store_.status(apex);
  }
  // See ZoneStore; quick.  Answers follow soon: AcmeToken::is_published.
  Result<AcmeToken, Refusal> set_token(std::string_view name, std::string text, milliseconds lasts);
  std::size_t clear_tokens(std::string_view name);
  std::vector<AcmeToken> tokens() const { return zone_store_.tokens(); }
  ZoneSecondaries& secondaries() noexcept { return secondaries_; }
  ZoneSigner& signer() noexcept { return signer_; }
  // Runs `task` on the planning thread soon, then publishes what it changed.
  void with_zones(std::function<void(ZoneStore&)> task);
  // How many clusters and nodes `glob` named.  kNone clears.
  std::size_t set_admin(const std::string& glob, fleet::AdminState state, std::string reason,
                        std::optional<milliseconds> lasts);
  // Numbers orders for all edges: the last one's number; nullopt: the state can't be written.
  std::optional<std::uint64_t> order(std::vector<fleet::Order> orders);
  OrderBook::Status orders();
  // What is answered from; null before ready.
  std::shared_ptr<const answer::Snapshot> snapshot() {
    return loop_->call([this] { return snapshot_; });
  }
  // nullopt before ready.
  std::optional<answer::Explanation> explain(const answer::ExplainRequest& request);
  // As write_learnt() says, with RTT.  Null: it is being made, ask again soon; who then gets it
  // takes it away.  Quick.
  std::shared_ptr<const std::string> learnt();

  // Stops serving (what has arrived is answered), saves state, ends the threads.  Idempotent.
  void stop();

 private:
  struct ReloadOutcome;

  static fleet::Moment moment();  // now, on both clocks
  std::optional<MonoTime> on_wake();
  // When to come again, if at all.
  std::optional<MonoTime> reclaim(MonoTime now);
  void note_serving_changes();
  void take_result(fleet::MonitorResult result);  // monitor thread
  void note_suspicion();
  void start_plan(MonoTime now);
  std::vector<TimedSample> take_samples();
  // What one run of the planning thread made.
  struct Planned {
    steer::Plan plan;
    std::vector<measure::ProbeOrder> probes;
    double duration_s = 0;
  };
  struct Begun {
    std::shared_ptr<Epoch> epoch;
    steer::Plan plan;  // its first
  };
  Begun begin_epoch(std::shared_ptr<const Compiled> compiled, Epoch& old);  // planning thread
  void finish_plan(const std::shared_ptr<Epoch>& epoch, Planned planned);
  void publish(const Epoch& epoch, std::shared_ptr<const steer::AnswerMap> map);
  void start_server();
  void look_at_geo_files();
  void start_reload(const ReloadRequest& request);
  void run_reload(const ReloadRequest& request);
  void run_zone_reload(const dns::Name& apex);
  void run_geo_reload();
  void take_over(std::shared_ptr<Compiled> compiled, Epoch& old);
  void renew_epoch(Epoch& old);              // planning thread: the same configuration begun anew
  void take_over_zones(Compiled& compiled);  // planning thread
  std::vector<dns::Name> configure_signing(const Compiled& compiled);
  void make_routed_sets(const Compiled& compiled, const zone::ZoneSet& zones);
  void publish_zones_soon();
  void publish_zones();
  void run_tokens();
  void save_zones();
  void restore_zones();
  void finish_reload(const ReloadOutcome& outcome);
  void adopt(std::shared_ptr<Epoch> epoch, steer::Plan plan,
             std::shared_ptr<const zone::ZoneSet> zones);
  void set_routed_sets();
  void renew_routed_sets();
  void restore_state();
  void save_state();
  std::string state_file(const char* name = "fleet.json") const;

  const std::string config_file_;
  const std::function<void()> on_fatal_;
  const WallTime started_;
  std::size_t workers_;
  ZoneTransfers transfers_;
  std::atomic<bool> ready_{false};

  // Control loop only from here on.
  std::shared_ptr<Epoch> epoch_;
  std::shared_ptr<const zone::ZoneSet> zones_;  // served; their routes are those of epoch_
  std::shared_ptr<const answer::RoutedSets> routed_sets_;  // of zones_ and epoch_
  WallTime renew_routed_at_ = WallTime::max();
  std::unique_ptr<fleet::FleetState> fleet_;
  std::unique_ptr<Published<answer::Snapshot>> published_;
  std::shared_ptr<const answer::Snapshot> snapshot_;
  std::vector<std::unique_ptr<answer::AnswerCounters>> counters_;  // one a worker
  std::shared_ptr<answer::CompactDenials> compact_;
  WallTime compact_renew_at_;  // what its signer's signing notes; not used: see Zone::compact_id()
  std::unique_ptr<CompactSigner> compact_signer_;  // outlives the server
  std::unique_ptr<server::Server> server_;
  std::uint64_t generation_ = 0;
  bool suspicious_ = false;  // told of
  bool planning_ = false;
  bool plan_wanted_ = false;
  bool stopping_ = false;
  MonoTime next_plan_;
  MonoTime next_save_;
  MonoTime next_geo_look_;
  bool trim_wanted_ = false;  // much may have been freed
  MonoTime next_trim_;
  bool geo_looking_ = false;
  bool tokens_posted_ = false;  // run_tokens() is queued
  std::vector<bool> serving_;   // by view of the board, by cluster, as the last plan saw it
  std::optional<steer::PlanSummary> plan_summary_;
  std::unique_ptr<Observer> observer_;                       // of epoch_
  OrderBook order_book_;
  Billing billing_;                                          // of epoch_
  std::shared_ptr<const measure::EstimateTable> estimates_;  // of the last plan
  MonoTime next_rtt_save_;
  bool learnt_asked_ = false;
  std::shared_ptr<const std::string> learnt_text_;
  std::uint64_t plans_ = 0;
  double last_plan_duration_s_ = 0;
  std::optional<WallTime> last_plan_at_;
  ReloadReport reload_;
  std::deque<ReloadRequest> reloads_waiting_;  // no two alike
  std::uint64_t reloads_succeeded_ = 0;
  std::uint64_t reloads_failed_ = 0;

  SystemClock clock_;
  ZoneSigner signer_;
  Recorder recorder_;     // planning thread only
  ZoneStore zone_store_;  // changed by the planning thread only
  std::shared_ptr<const answer::RoutedSets> made_routed_sets_;  // planning thread only
  WallTime made_renew_at_ = WallTime::max();                    // of them; planning thread only
  std::shared_ptr<const transfer::StaticAnswers> statics_;      // planning thread only
  bool zones_posted_ = false;  // a publication of zones is queued; planning thread only
  std::string geo_refused_;    // fingerprint of geo files that were no good; planning thread only
  ZoneSecondaries secondaries_;
  std::unique_ptr<ParentChecker> parent_checker_;
  std::unique_ptr<monitor::Monitors> monitors_;
  std::unique_ptr<Loop> planning_loop_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace gslb::control
