// The edge's voice: heartbeats to every GSLB, the probes they order, and the admin listener with
// metrics and state.
//
// Heartbeats and the listener run on one thread of their own, so that neither a worker under load
// nor a dead GSLB can hold a heartbeat up; probes on another.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/config/config.h"
#include "edge/report/admin.h"
#include "edge/report/beacons.h"
#include "edge/report/counters.h"
#include "edge/report/rtt.h"

namespace edge::report {

// What the reporter reads from the rest; all of it must outlive the reporter and be safe to read
// from its thread.
struct Sources {
  std::vector<const WorkerCounters*> workers;
  std::function<StoreFigures()> store;
  RttCollector* rtt = nullptr;
  BeaconCollector* beacons = nullptr;
  // Reads the configuration anew; what the operator is to hear, and false when it was refused.
  std::function<bool(std::string& told)> reload;
  std::function<ReloadFigures()> reloads;
  std::function<std::vector<CertificateFigures>()> certificates;
  std::function<AccessLogFigures()> access_log;
  std::function<std::vector<PeerFigures>()> peers;
  std::function<LoadFigures()> load;
  // What is wrong with the node, and what it thinks of its siblings; may be null.
  std::function<std::vector<gslb::fleet::Condition>()> conditions;
  std::function<std::vector<gslb::fleet::SiblingHealth>()> siblings;
  std::function<PurgeFigures()> purges;
  AdminHandler admin;  // for what the listener does not know itself
  // How far the orders of the GSLB of that URL were followed.
  std::function<gslb::fleet::OrdersSeen(const std::string& gslb)> orders_seen;
  // What it orders; `done` is called once at most, on any thread: true when they hold and are
  // remembered.
  std::function<void(const std::string& gslb, const gslb::fleet::OrderPage& page,
                     std::function<void(bool)> done)>
      take_orders;
  std::function<std::vector<OriginFigures>()> origins;
};

// Thread-safe.
class Reporter {
 public:
  using NodeState = gslb::fleet::NodeState;

  Reporter(config::ConfigRef config, Sources sources);
  // As stop().
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  // Opens the admin listener and starts the thread.  False with `error` set when the address
  // can't be had.
  bool start(std::string* error);
  // From the next heartbeat on; GSLBs, key and [probe] may be others.
  void renew(config::ConfigRef config);
  // A heartbeat goes out at once.
  void set_state(NodeState state, const std::string& reason);
  NodeState state() const noexcept;
  // Sends what is due, for at most a second, and ends the thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::report
