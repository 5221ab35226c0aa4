// What a worker counts.  Everything the metrics and the heartbeats say is derived from these.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/report/filter_counters.h"
#include "edge/report/named_counters.h"
#include "gslb/base/counters.h"

namespace edge::report {

// What the cache did with a request.
enum class CacheResult : std::uint8_t {
  kHit,          // answered from the store
  kMiss,         // fetched, by this request
  kCollapsed,    // fetched, by another request that was under way
  kRevalidated,  // stored, and the origin said 304
  kStale,        // stored and stale, the origin was away
  kBypass,       // not a matter for the cache: method, range miss, marked uncacheable
  kNone,         // answered by the edge itself: refused or failed
};
inline constexpr std::array<std::string_view, 7> kCacheResultNames = {
    "hit", "miss", "collapsed", "revalidated", "stale", "bypass", "none"};
inline constexpr std::array<std::string_view, 5> kStatusClassNames = {"1xx", "2xx", "3xx", "4xx",
                                                                      "5xx"};

// Why a request that says it is of another edge is not: as tier::CallerError.
inline constexpr std::array<std::string_view, 3> kEdgeRefusalNames = {"malformed", "skew",
                                                                      "signature"};

// Of a group of hosts, by one worker.
struct HostCounters {
  std::string name;  // a pattern
  gslb::Counter requests;
  gslb::Counter hits;
  gslb::Counter octets;  // of bodies, handed to clients' connections
  gslb::Counter hit_octets;
  gslb::Counter origin_us;
};

// Of a rule, by one worker.
struct RuleCounters {
  std::string name;
  gslb::Counter matched;  // dry runs too
  gslb::Counter acted;
};

// What hosts that no site names were found to be, where that was not known.
inline constexpr std::array<std::string_view, 4> kCustomerResultNames = {"found", "nowhere",
                                                                         "failed", "refused"};

// One writer (the worker), many readers.
struct WorkerCounters {
  std::array<std::array<gslb::Counter, kCacheResultNames.size()>, kStatusClassNames.size()>
      requests;
  gslb::Counter sent_octets;
  gslb::Counter received_octets;
  gslb::Counter origin_fetches;
  gslb::Counter origin_failures;
  gslb::Counter origin_octets;
  gslb::Counter bad_requests;  // refused before they meant anything
  gslb::Counter connections_opened;
  gslb::Counter connections_closed;
  gslb::Counter connections_refused;                           // over the limit
  std::array<std::array<gslb::Counter, 2>, 2> tls_handshakes;  // [TLS 1.3][resumed]
  gslb::Counter tls_failures;                                  // handshakes that came to nothing
  gslb::Counter tls_timeouts;
  gslb::Counter proxy_failures;    // connections without the PROXY header they have to have
  gslb::Counter redirects;         // to other clusters
  gslb::Counter edge_requests;     // of other edges, probes included
  std::array<gslb::Counter, kEdgeRefusalNames.size()> edge_refusals;  // what only said it was
  gslb::Counter misdirected;       // 421: the host has other certificates than the connection
  gslb::Counter descriptor_failures;  // accepting failed for want of them
  NamedCounters<HostCounters> hosts;
  NamedCounters<RuleCounters> rules;
  std::array<gslb::Counter, 4> customer_lookups;  // by kCustomerResultNames
  gslb::LogHistogram<26> ttfb_us;  // up to 33 s; whole head read to first octet written

  FilterCounters filters;

  // `status` 100..599.
  void count_request(int status, CacheResult result) noexcept {
    requests[static_cast<std::size_t>(status / 100 - 1)][static_cast<std::size_t>(result)].add();
  }
};

// The disk tier's, likewise.
struct DiskFigures {
  std::uint64_t octets = 0;
  std::uint64_t budget_octets = 0;
  std::uint64_t objects = 0;
  std::uint64_t index_octets = 0;
  std::uint64_t queued_octets = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t written_octets = 0;
  std::uint64_t evicted_segments = 0;
  std::uint64_t reinserted = 0;
  std::uint64_t dropped = 0;
  std::uint64_t read_failures = 0;
  std::uint64_t write_failures = 0;
  bool writable = false;
  bool rebuilding = false;
};

// The store's figures, as its owner reads them off.
struct StoreFigures {
  std::uint64_t octets = 0;
  std::uint64_t budget_octets = 0;
  std::uint64_t objects = 0;
  std::uint64_t evictions = 0;
  std::optional<DiskFigures> disk = {};  // when one is configured
};

// What became of the configurations this process read.
struct ReloadFigures {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  bool last_successful = true;
  double last_time_s = 0;        // since 1970; 0: none yet
  std::uint64_t generation = 1;  // of the configuration that serves
};

// Another edge that this one asks.
struct PeerFigures {
  std::string name;
  std::string_view kind;  // sibling, parent
  bool usable = true;
  std::int64_t in_flight = 0;
  std::array<std::uint64_t, 4> results{};  // by kPeerResultNames
};
inline constexpr std::array<std::string_view, 4> kPeerResultNames = {"served", "hit", "passed",
                                                                     "failed"};

// What the node took on and refused.
struct LoadFigures {
  std::vector<std::pair<std::string_view, std::uint64_t>> refused;  // by resource
  std::int64_t fetches = 0;                                         // under way
};

// An origin's server, as the process sees it.
struct ServerFigures {
  std::string url;
  std::string_view state;  // up, trial, ejected, down
  std::uint64_t in_flight = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t ejections = 0;
  std::uint64_t checks_failed = 0;
};
struct OriginFigures {
  std::string name;  // the site's host, or "origin"
  std::vector<ServerFigures> servers;
  std::uint64_t retries = 0;
  std::uint64_t retries_refused = 0;
  std::uint64_t queued = 0;
  std::uint64_t queue_refused = 0;
};

struct AccessLogFigures {
  std::uint64_t lines = 0;
  std::uint64_t dropped = 0;
};

// Purges, as their owner reads them off.
struct PurgeFigures {
  std::vector<std::pair<std::string_view, std::uint64_t>> purges;  // by kind
  std::uint64_t refused = 0;
  std::uint64_t marks = 0;
  std::uint64_t folded = 0;
  std::uint64_t gone = 0;
  std::uint64_t stale = 0;
  bool journal_writable = true;
  std::uint64_t prefetched = 0;
  std::uint64_t failed_prefetches = 0;
  std::uint64_t refused_prefetches = 0;
  std::uint64_t waiting_prefetches = 0;
  std::uint64_t pins = 0;
  std::uint64_t pinned_octets = 0;
  std::uint64_t pinned_budget_octets = 0;
  std::uint64_t refused_pins = 0;
};

// When a certificate for clients ends, seconds since 1970.
struct CertificateFigures {
  std::string file;
  double not_after_s = 0;
};

}  // namespace edge::report
