// The heartbeat: what an edge node tells the GSLB every interval.  The one header both sides share;
// the written specification is docs/heartbeat.md.
//
// Source: RFC 8259 (JSON), RFC 2104 (HMAC-SHA-256), RFC 9110 (the POST that carries it).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/base/result.h"
#include "gslb/fleet/orders.h"

namespace gslb::fleet {

inline constexpr int kReportVersion = 1;
inline constexpr std::size_t kMaxReportOctets = 262'144;  // 256 KiB
inline constexpr std::size_t kMaxReportResources = 16;
inline constexpr std::size_t kMaxReportRttSamples = 1024;
inline constexpr std::size_t kMaxReportIdOctets = 63;  // of letters, digits, '-', '_', '.'
inline constexpr std::size_t kMaxReportReasonOctets = 256;
inline constexpr std::uint64_t kMaxReportInteger = (std::uint64_t{1} << 53) - 1;  // RFC 7493 2.2
inline constexpr std::uint32_t kMaxReportIntervalMs = 3'600'000;
inline constexpr std::uint32_t kMaxReportRttUs = 60'000'000;
inline constexpr double kMaxLoad = 1e18;
inline constexpr std::size_t kMaxReportRttBins = 8;  // of one client network
inline constexpr std::size_t kMaxReportProbes = 256;
inline constexpr std::size_t kMaxReportBeacons = 256;
inline constexpr std::size_t kMaxNonceOctets = 63;  // of a-z, 0-9 and '-'
inline constexpr std::size_t kMinNonceOctets = 8;
inline constexpr std::size_t kMaxOrders = 64;  // probes in one reply
inline constexpr std::size_t kMaxOrdersOctets = 65'536;
inline constexpr std::size_t kMaxReportHosts = 64;
inline constexpr std::size_t kMaxReportConditions = 16;
inline constexpr std::size_t kMaxReportDetailOctets = 128;
inline constexpr std::size_t kMaxReportSiblings = 64;
inline constexpr std::size_t kMaxHostOctets = 253;
inline constexpr std::size_t kMaxReportDepth = 8;  // of nested JSON, unknown members included

enum class NodeState : std::uint8_t { kUp, kDraining, kDown };

struct ResourceLoad {
  std::string resource;  // as in the configuration's capacity tables
  double current = 0;
  double target = 0;  // 0: the GSLB's configured value stands
  double max = 0;
};

// A scale of RTT with eight bins an octave, 9 % wide each: bin b begins at 100 µs x 2^(b / 8), the
// first and the last take what is beyond.
inline constexpr unsigned kRttBins = 160;
std::uint8_t rtt_bin(std::uint32_t rtt_us) noexcept;
// The middle of a bin in ms.  REQUIRES: bin < kRttBins.
double rtt_bin_ms(std::uint8_t bin) noexcept;

struct RttBin {
  std::uint8_t bin = 0;
  std::uint32_t count = 0;  // connections whose smallest RTT lies there
};

struct RttSample {
  Prefix client;               // a /24 or a /48 (or shorter)
  std::uint32_t rtt_us = 0;    // smallest seen in the interval
  std::uint32_t count = 0;     // connections behind it
  std::vector<RttBin> bins{};  // ascending; their counts add up to at most `count`; empty: not told
  std::uint64_t sent = 0;      // TCP segments with data
  std::uint64_t retransmitted = 0;  // of `sent`
  std::uint64_t bits_per_s = 0;     // mean rate of what filled its path; 0: nothing did
  std::uint64_t requests = 0;       // that ended, well or not
  std::uint64_t failed = 0;         // of `requests`: what the client wanted did not get through
};

// What a node's cache did in the interval.
struct CacheUse {
  std::uint64_t requests = 0;  // 0: not told
  std::uint64_t hits = 0;      // of them: answered without asking anybody
};

// What it served of a group of hosts.
struct HostUse {
  std::string hosts;             // "www.example.com", "*.example.com"; "*": all others
  std::uint64_t requests = 0;    // that ended
  std::uint64_t hits = 0;        // of `requests`
  std::uint64_t octets = 0;      // of bodies, sent to clients
  std::uint64_t hit_octets = 0;  // of `octets`
  std::uint64_t origin_us = 0;   // how long requests waited for origins, added up
};

// What holds its cache.
struct StoreUse {
  std::uint64_t memory_octets = 0;
  std::uint64_t memory_budget = 0;  // 0: not told
  std::uint64_t disk_octets = 0;
  std::uint64_t disk_budget = 0;  // 0: there is none
  bool disk_writable = false;
};

// What may be wrong with a node that serves; a newer edge may know more.
inline constexpr std::array<std::string_view, 5> kConditionKinds = {
    "overloaded",    // it sheds load; detail: the resource
    "disk",          // its disk tier takes no writes
    "descriptors",   // it ran out of file descriptors
    "origin",        // an origin does not answer; detail: which
    "configuration"  // the last reload was refused
};
struct Condition {
  std::string kind;    // as an id
  std::string detail;  // may be empty

  friend bool operator==(const Condition&, const Condition&) = default;
};

// What it thinks of another node of its cluster.
struct SiblingHealth {
  std::string node;
  bool up = false;
};

// A node about itself, beside its loads.
struct NodeFigures {
  std::uint64_t span_ms = 0;  // what `hosts` and CacheUse are of; 0: not told
  std::vector<HostUse> hosts;
  StoreUse store;
  std::vector<Condition> conditions;
  std::vector<SiblingHealth> siblings;
};

// What a GSLB wants an edge to measure, and what came of it.
enum class ProbeKind : std::uint8_t { kTcpSyn, kIcmp, kDns };
std::string_view to_string(ProbeKind kind) noexcept;  // "tcp-syn" "icmp" "dns"
std::optional<ProbeKind> parse_probe_kind(std::string_view text) noexcept;

struct Probe {
  std::uint64_t id = 0;  // the GSLB's
  ProbeKind kind = ProbeKind::kTcpSyn;
  Address target;
  std::uint16_t port = 0;  // 0 with kIcmp only
};

enum class ProbeFailure : std::uint8_t {
  kNone,
  kTimeout,
  kUnreachable,  // said so by the network or by this machine
  kExcluded,     // the edge's own rules forbid it: address, rate or room
  kUnsupported,  // this edge can't send such probes
};
inline constexpr std::size_t kProbeFailures = 5;
std::string_view to_string(ProbeFailure failure) noexcept;  // "" "timeout" "unreachable" …

struct ProbeResult {
  std::uint64_t id = 0;
  std::uint32_t rtt_us = 0;  // 0 with a failure only
  ProbeFailure failure = ProbeFailure::kNone;
};

// A client has asked for a name no other client asks for: see docs/heartbeat.md.
struct BeaconHit {
  std::string nonce;
  Prefix client;  // as RttSample::client
};
bool is_nonce(std::string_view text) noexcept;

struct Report {
  std::string cluster;
  std::string node;
  std::uint64_t incarnation = 0;  // changes at every start of the edge: its start time in ms
  std::uint64_t sequence = 0;     // grows by one per heartbeat within an incarnation
  NodeState state = NodeState::kUp;
  std::string reason;  // why not up; for people
  std::uint32_t interval_ms = 1000;
  std::vector<ResourceLoad> load;
  std::vector<RttSample> rtt;
  CacheUse cache;
  NodeFigures figures;
  std::uint32_t probe_room = 0;  // orders it takes with the reply
  std::vector<ProbeResult> probes;
  std::vector<BeaconHit> beacons;
  std::optional<OrdersSeen> orders;  // absent: the edge takes none
};

enum class ReportError : std::uint8_t {
  kTooLong,  // over kMaxReportOctets
  kNotJson,
  kVersion,  // not kReportVersion
  kMissingField,
  kWrongType,
  kOutOfRange,  // negative load, not finite, too many entries, bad prefix, empty id …
};
std::string_view describe(ReportError error) noexcept;

// Equal reports give equal octets.  One bad number must not silence an edge: entries of lists that
// parse_report would refuse (not finite, out of range, over the count) are left out, the reason is
// cut to its limit and made printable ASCII.
// REQUIRES: cluster, node, incarnation, sequence and interval_ms within the limits above.
std::string write_report(const Report& report);
// Total.  Unknown members are ignored (a newer edge may send more).
Result<Report, ReportError> parse_report(std::string_view body);

// What comes back with a heartbeat.
struct Orders {
  std::vector<Probe> probes;
  std::optional<OrderPage> page;

  bool empty() const noexcept { return probes.empty() && !page; }
};
// The reply's body.  As write_report and parse_report; REQUIRES: the page is within its limits.
std::string write_orders(const Orders& orders);
Result<Orders, ReportError> parse_orders(std::string_view body);

// HTTP header fields of the POST: the signature covers "v1\n" + time + "\n" + body.
inline constexpr std::string_view kReportPath = "/v1/heartbeat";
inline constexpr std::string_view kTimeHeader = "Proxima-Time";            // ms since 1970, decimal
inline constexpr std::string_view kClusterHeader = "Proxima-Cluster";      // picks the key
inline constexpr std::string_view kSignatureHeader = "Proxima-Signature";  // 64 lower-case hex

// HMAC-SHA-256 as 64 lower-case hex digits.
std::string sign_report(std::string_view key, std::string_view time_ms, std::string_view body);

// The same for a reply: `time_ms` is that of the heartbeat it answers, so it can't be replayed.
std::string sign_orders(std::string_view key, std::string_view time_ms, std::string_view body);
bool verify_orders(std::string_view key, std::string_view time_ms, std::string_view body,
                   std::string_view signature);

enum class SignatureError : std::uint8_t { kMalformed, kSkew, kMismatch };
std::string_view describe(SignatureError error) noexcept;

// What came over the wire; views into the request.
struct SignedReport {
  std::string_view time_ms;
  std::string_view signature;
  std::string_view body;
};

// Constant-time comparison; `now` against the signed time within ±max_skew.
Result<void, SignatureError> verify_report(std::string_view key, const SignedReport& report,
                                           WallTime now, milliseconds max_skew);

}  // namespace gslb::fleet
