// What one worker has answered, for metrics and for tests.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "gslb/answer/rate_limiter.h"
#include "gslb/base/counters.h"
#include "gslb/fleet/health_board.h"
#include "gslb/steer/answer_map.h"

namespace gslb::answer {

// Why a datagram got no answer or an error, beside the RCODE.
enum class Refusal : std::uint8_t {
  kShort,           // dropped
  kResponse,        // dropped
  kOpcode,          // NOTIMP
  kMalformed,       // FORMERR: question, sections, EDNS
  kMalformedEcs,    // FORMERR, RFC 7871 7.1.2
  kBadVersion,      // BADVERS
  kTransactionSig,  // NOTAUTH
  kNotOurs,         // REFUSED: no such zone, class or transfer
  kNoData,          // SERVFAIL: the zone has no copy yet, or an expired one
  kProhibited,      // REFUSED: an access list does not name the client
};
inline constexpr std::size_t kRefusalCount = 10;

enum class EcsUse : std::uint8_t {
  kNone,      // no option in the query
  kUsed,      // the client subnet decided
  kOptOut,    // source /0: the resolver's address decided
  kResolver,  // private or unknown subnet: the resolver's address decided
  kStatic,    // the answer did not depend on the client
};
inline constexpr std::size_t kEcsUseCount = 5;

inline constexpr std::size_t kRcodeCount = 24;

// Decisions by (worker, service, cluster, reason).  Belongs to one configuration; snapshots hold it
// by shared_ptr.  Thread-safe: one writer a worker, any number of readers.
class DecisionCounters {
 public:
  DecisionCounters(std::size_t workers, std::size_t services, std::size_t clusters)
      : workers_(workers),
        services_(services),
        clusters_(clusters),
        cells_(std::make_unique<Counter[]>(workers * services * (clusters + 1) *
                                           steer::kReasonCount)) {}

  // Worker `worker` only.  kNoCluster counts what a fallback policy answered.
  void count(unsigned worker, steer::ServiceIndex service, fleet::ClusterIndex cluster,
             steer::Reason reason) noexcept {
    cells_[index(worker, service, cluster, reason)].add();
  }
  // Sum over workers.
  std::uint64_t total(steer::ServiceIndex service, fleet::ClusterIndex cluster,
                      steer::Reason reason) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t worker = 0; worker < workers_; ++worker) {
      sum += cells_[index(worker, service, cluster, reason)].value();
    }
    return sum;
  }

 private:
  std::size_t index(std::size_t worker, steer::ServiceIndex service, fleet::ClusterIndex cluster,
                    steer::Reason reason) const noexcept {
    const std::size_t column = cluster == fleet::kNoCluster ? clusters_ : cluster;
    return ((worker * services_ + service) * (clusters_ + 1) + column) * steer::kReasonCount +
           static_cast<std::size_t>(reason);
  }
  std::size_t workers_;
  std::size_t services_;
  std::size_t clusters_;
  std::unique_ptr<Counter[]> cells_;
};

// Nanoseconds a query spent in answer(); the last bound is 2^24 ns = 16.8 ms.
using LatencyHistogram = LogHistogram<26>;

// Answers of one class over the rate limit.
struct RateCounters {
  Counter slipped;  // sent truncated, or as BADCOOKIE to a client with a cookie
  Counter dropped;
  Counter dry_run;  // sent, but would have been one of these
};

// One per worker.  One writer (the worker), many readers.
struct alignas(128) AnswerCounters {
  // [transport: 0 UDP, 1 TCP, 2 TLS][family: 0 IPv4, 1 IPv6]
  std::array<std::array<Counter, 2>, 3> queries;
  std::array<Counter, kRcodeCount> responses_by_rcode;
  std::array<Counter, kRefusalCount> refusals;
  std::array<Counter, kEcsUseCount> ecs;
  Counter dropped;    // no answer at all
  Counter truncated;  // TC set
  Counter edns;       // queries with an OPT
  Counter routed;     // answers that came from a decision
  // Denials in zones that deny compactly: so at once, so after waiting for
  // the signature, or by the NSEC3 chain.
  Counter compact_denials;
  Counter awaited_denials;
  Counter classical_denials;
  std::array<RateCounters, kRateClasses> rate_limited;
  std::array<Counter, 5> cookies;  // by dns::CookieState; queries without one are not counted
  LatencyHistogram latency_ns;     // kept by the caller of answer(), which may read a clock
};

}  // namespace gslb::answer
