// The heartbeat: what an edge node tells the GSLB every interval.  The one header both sides share;
// the written specification is docs/heartbeat.md.
//
// Source: RFC 8259 (JSON), RFC 2104 (HMAC-SHA-256), RFC 9110 (the POST that carries it).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/base/result.h"

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
inline constexpr std::size_t kMaxReportDepth = 8;  // of nested JSON, unknown members included

enum class NodeState : std::uint8_t { kUp, kDraining, kDown };

struct ResourceLoad {
  std::string resource;  // as in the configuration's capacity tables
  double current = 0;
  double target = 0;  // 0: the GSLB's configured value stands
  double max = 0;
};

struct RttSample {
  Prefix client;             // a /24 or a /48 (or shorter)
  std::uint32_t rtt_us = 0;  // smallest seen in the interval
  std::uint32_t count = 0;   // connections behind it
};

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

// Equal reports give equal octets.  One bad number must not silence an edge: entries of `load` and
// `rtt` that parse_report would refuse (not finite, out of range, over the count) are left out, the
// reason is cut to its limit and made printable ASCII.
// REQUIRES: cluster, node, incarnation, sequence and interval_ms within the limits above.
std::string write_report(const Report& report);
// Total.  Unknown members are ignored (a newer edge may send more).
Result<Report, ReportError> parse_report(std::string_view body);

// HTTP header fields of the POST: the signature covers "v1\n" + time + "\n" + body.
inline constexpr std::string_view kReportPath = "/v1/heartbeat";
inline constexpr std::string_view kTimeHeader = "Proxima-Time";            // ms since 1970, decimal
inline constexpr std::string_view kClusterHeader = "Proxima-Cluster";      // picks the key
inline constexpr std::string_view kSignatureHeader = "Proxima-Signature";  // 64 lower-case hex

// HMAC-SHA-256 as 64 lower-case hex digits.
std::string sign_report(std::string_view key, std::string_view time_ms, std::string_view body);

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
