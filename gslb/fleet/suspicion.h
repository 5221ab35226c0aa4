// Is it they that died, or we that can't see?  When much of the capacity dies in one moment, and
// none of it says so itself, the fault is more likely ours.
//
// Source: steering.md "Guards": if more than 40 % of the capacity seems dead at once, suspect the
// monitor and hold the last good state.
//
// What counts: nodes that seemed alive and then, within `window`, were silent or failed their
// monitors.  A node that said itself that it is down or draining, and one the operator took out,
// does not.  One site that dies is no evidence against us, however large it is; so at least two
// clusters must be gone whole.  With fewer than four clusters two at once are a share that the
// guard would answer for ever, and holding would defeat failover itself: there it is off, and the
// services' fallback policy is the answer to the death of all.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/fleet/health_board.h"

namespace gslb::fleet {

// Indexes of one fleet model.
struct NodeRef {
  ClusterIndex cluster = kNoCluster;
  unsigned node = 0;
  bool operator<(const NodeRef& other) const {
    return std::tie(cluster, node) < std::tie(other.cluster, other.node);
  }
};

struct SuspicionRules {
  double share = 0.4;           // of the capacity that was alive; 1: never suspect
  milliseconds window{30'000};  // deaths so close together count as one
  milliseconds hold{300'000};   // longer than that nothing is held
};
inline constexpr std::size_t kFewestClustersToSuspect = 4;

// Value; control-thread-only.  Time is an argument that never goes back.
class Suspicion {
 public:
  // `weights`: by cluster and node, what each is of the capacity; a cluster that can't be seen to
  // die (health = "none") has an empty list.
  Suspicion(SuspicionRules rules, const std::vector<std::vector<double>>& weights);

  // Changes; update() draws the conclusion.
  void set_alive(ClusterIndex cluster, std::uint64_t nodes);  // bit n: node n seems alive
  void died(NodeRef node, MonoTime now);
  void cleared(NodeRef node);  // alive, or its death is no guess

  // True when holds() may have changed for other nodes than those just named.
  bool update(MonoTime now);

  bool active() const noexcept { return active_; }
  // Seems dead and is named all the same.
  bool holds(NodeRef node) const { return active_ && died_.contains(node); }
  std::size_t held() const noexcept { return active_ ? died_.size() : 0; }
  // Of the capacity that was alive, what seems to have died at once.
  double share() const;
  MonoTime since() const noexcept { return since_; }    // of `active`
  bool believed() const noexcept { return believed_; }  // the last one ended by its hold
  std::optional<MonoTime> next_deadline() const;

  const std::map<NodeRef, MonoTime>& deaths() const noexcept { return died_; }
  // After a reload: `deaths` of `old` are in place already.
  void inherit(const Suspicion& old) {
    active_ = old.active_;
    since_ = old.since_;
  }

 private:
  using Weight = std::uint64_t;  // whole, so that sums kept up by steps stay exact
  struct Cluster {
    std::vector<Weight> weights;
    Weight alive = 0;
    unsigned died = 0;  // nodes in died_
  };
  bool is_suspect() const;
  Weight weight(NodeRef node) const;
  void forget_before(MonoTime then);

  SuspicionRules rules_;
  std::vector<Cluster> clusters_;
  std::size_t visible_clusters_ = 0;
  Weight alive_ = 0;
  Weight lost_ = 0;                              // of died_
  std::map<NodeRef, MonoTime> died_;             // of the window, or held
  std::set<std::pair<MonoTime, NodeRef>> when_;  // the same
  bool active_ = false;
  bool believed_ = false;
  MonoTime since_;
};

}  // namespace gslb::fleet
