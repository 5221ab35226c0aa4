// A whole GSLB without sockets and threads, on fake time: the objects the daemon wires (compile,
// epoch, fleet state, planner, snapshot), asked with real packets.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/answer/answer.h"
#include "gslb/control/epoch.h"
#include "gslb/fleet/fleet_state.h"

#include "tests/gslb/dns/wire_testing.h"

namespace tests {

// One query; the defaults are what a resolver with EDNS sends.
struct Ask {
  std::string name;
  gslb::dns::RrType type = gslb::dns::RrType::kA;
  std::string from = "192.0.2.53";
  std::string ecs = {};  // "198.51.100.0/24"; "": no option
  bool tcp = false;
  bool edns = true;
  bool dnssec_ok = false;
  std::uint8_t version = 0;
  std::uint16_t payload = 1232;
  std::string options = {};  // further OPT options, hex
  gslb::dns::RrClass klass = gslb::dns::RrClass::kIn;
  std::uint16_t flags = 0x0100;  // RD
  std::string patch = {};        // "octet number:hex", overwrites octets at the end of making
};
gslb::dns::testing::Buffer make_query(const Ask& ask);

// One response, read by a decoder that shares nothing with the writer.  Throws on a response no
// strict reader would take.
struct Reply {
  explicit Reply(gslb::dns::testing::Buffer octets);

  bool dropped() const noexcept { return octets.empty(); }
  // "NOERROR aa; www.example. 30 A 203.0.113.7; authority …; additional …; scope 24": flags aa, tc;
  // scope only with an ECS option.  Records in the order they stand.
  std::string text() const;
  std::vector<std::string> section(std::size_t number) const { return records[number]; }
  // RDATA of the answer section's records of `type`.
  std::vector<std::string> answers(gslb::dns::RrType type) const;

  gslb::dns::testing::Buffer octets;
  std::string rcode;
  bool aa = false;
  bool tc = false;
  bool has_opt = false;
  bool dnssec_ok = false;
  std::optional<unsigned> scope;
  std::optional<unsigned> source;
  std::optional<std::string> nsid;
  std::optional<unsigned> ede;
  gslb::dns::testing::Decoded message;
  std::vector<std::string> records[3];
};

class World {
 public:
  // Compiles `config` with the daemon's own loader; zone files by the names it gives them.  Throws
  // std::runtime_error with all problems when it is refused.  Plans once, before any heartbeat.
  World(const std::string& config, const std::map<std::string, std::string>& files);

  Reply ask(const Ask& ask);
  // The octets of the response to any octets; empty: none.
  gslb::dns::testing::Buffer respond(gslb::Octets message, const gslb::Address& client,
                                     gslb::answer::Transport transport);

  // From now on the node ("fra/node-1") beats each interval with this; the first beat is now.
  void beat(const std::string& node, gslb::fleet::NodeState state,
            std::map<std::string, double> load = {});
  // All nodes whose id begins with `prefix` beat no more, as after kill -9.
  void silence(const std::string& prefix);
  // One result of the monitor for the address.
  void result(const std::string& monitor, const std::string& item, gslb::fleet::Outcome outcome);
  void set_admin(const std::string& glob, gslb::fleet::AdminState state);

  // Time passes: heartbeats come, deadlines pass, plans are made as the supervisor makes them.
  void advance(gslb::milliseconds by);
  void plan();

  gslb::fleet::Moment now() const { return {clock_.mono(), clock_.wall()}; }
  gslb::fleet::ClusterIndex cluster(const std::string& id) const;
  std::uint64_t queries() const;
  std::uint64_t responses() const;

  std::shared_ptr<const gslb::answer::Snapshot> snapshot;
  std::shared_ptr<gslb::control::Epoch> epoch;
  std::unique_ptr<gslb::fleet::FleetState> fleet;
  gslb::steer::PlanSummary summary;
  gslb::answer::AnswerCounters counters;
  gslb::answer::Scratch scratch{0};

 private:
  struct Beating {
    gslb::fleet::Report report;
    gslb::MonoTime next;
    bool on = true;
  };
  void send(Beating& beating);
  void plan_if_serving_changed();

  gslb::FakeClock clock_;
  std::map<std::string, Beating> beating_;
  gslb::MonoTime next_plan_;
  std::vector<bool> serving_;
  std::uint64_t generation_ = 0;
};

// Parts of a configuration.  A node: "IPV4 [IPV6]", its id "node-1" and so on.
struct ClusterText {
  std::string id;
  std::vector<std::string> nodes = {};
  std::string place = "latitude = 50\nlongitude = 8";  // Frankfurt
  std::string more = {};                               // further lines of [cluster.ID]
};
std::string text_of(const ClusterText& cluster);  // one that is never ill
std::string text_of_zone(const std::string& name, const std::string& file);
struct RouteText {
  std::string owner;
  std::string service;
};
std::string text_of_routes(const std::vector<RouteText>& routes);

// tests/support/world_data.cc: five clusters, one zone with every kind of name, few overrides.
extern const char* const kWorldConfig;
extern const char* const kWorldZone;
extern const char* const kOtherZone;
World make_world();

}  // namespace tests
