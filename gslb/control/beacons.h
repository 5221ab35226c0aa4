// Which resolver asked for which nonce, until an edge tells whose client it was for.
//
// Source: docs/heartbeat.md, "Beacons".
//
// Why a liar gets nowhere, and where he does:
//   - A report counts only for a nonce that was asked for here within the last minute, once; edges
//     sign what they report.  Inventing nonces or playing them again does nothing.
//   - A client's network counts once in 12 hours for one resolver, so whoever asks all the time
//     weighs no more than his neighbour: at most 3.5 by measure::Mixtures' half-life, and 8 are
//     needed to be believed at all.
//   - Who can send queries with a forged source and holds addresses in many networks (or IPv6
//     blocks of /40) can tie his networks to a resolver that is not his, in proportion to how many
//     networks the resolver's true clients have.  He gains that its clients without a client subnet
//     are sent to clusters near him: slower answers, nothing else; capacity, health, geofences and
//     overrides hold, and so does every answer to a query with a subnet.
//   - An edge that lies has its cluster's key; it can do the same at kMostJoins a minute.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/fleet/health_board.h"
#include "gslb/fleet/report.h"
#include "gslb/measure/beacon_figures.h"

namespace gslb::control {

// Thread-compatible.  Time must not go back.  At most 3 MB.
class Beacons {
 public:
  static constexpr std::size_t kMost = 16'384;  // nonces; beyond, the oldest are forgotten
  static constexpr seconds kLife{60};
  static constexpr std::chrono::hours kPause{12};
  static constexpr unsigned kMostJoins = 1200;  // of one cluster, a minute

  static std::uint64_t hash_of(Octets nonce) noexcept;

  // A resolver asked.  The first one counts: others of a farm may follow.
  void asked(std::uint64_t nonce, const Address& resolver, MonoTime now);
  // The resolver of the client an edge has seen, if this is news.
  std::optional<Address> join(fleet::ClusterIndex cluster, const fleet::BeaconHit& hit,
                              MonoTime now);
  const measure::BeaconFigures& figures() const noexcept { return figures_; }

 private:
  struct Asked {
    Address resolver;
    MonoTime until{};
  };
  struct Seen {
    std::uint64_t pair = 0;  // hash of resolver and client network
    MonoTime at{};
  };
  struct Budget {
    MonoTime since{};
    unsigned joins = 0;
  };
  void expire(MonoTime now);
  bool is_repeated(const Address& resolver, const Prefix& client, MonoTime now);
  bool is_over_limit(fleet::ClusterIndex cluster, MonoTime now);

  std::unordered_map<std::uint64_t, Asked> asked_;
  std::deque<std::uint64_t> order_;  // as they came; some are used up
  std::vector<Seen> seen_;           // by hash, the newest of each cell; empty until the first join
  std::vector<Budget> budgets_;      // by cluster
  measure::BeaconFigures figures_;
};

}  // namespace gslb::control
