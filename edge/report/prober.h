// Carries out the probes GSLBs order: one packet there and back each, timed.
//
// Source: RFC 792 and 4443 4.1 (echo), RFC 9293 3.5 (a reset answers a SYN as well as a SYN does),
// RFC 1035 (any response has been there and back).
//
// A thread of its own with plain sockets: what it times must not wait behind heartbeats, and a
// target that is slow or hostile holds nothing else up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "edge/config/config.h"
#include "gslb/fleet/report.h"

namespace edge::report {

struct ProbeFigures {
  std::uint64_t ordered = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed[gslb::fleet::kProbeFailures] = {};  // by ProbeFailure; [0] unused
};

// Thread-safe.
class Prober {
 public:
  static constexpr std::size_t kMostQueued = 256;  // in the queue and in flight

  // `owners`: GSLBs that may order.
  Prober(const config::Probe& rules, std::size_t owners);
  // As stop().
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void start();
  // How many orders it takes now; 0 when not enabled.
  std::size_t room() const;
  void submit(std::size_t owner, const std::vector<gslb::fleet::Probe>& orders);
  // Results for `owner` since the last call, at most kMaxReportProbes.
  std::vector<gslb::fleet::ProbeResult> take(std::size_t owner);
  ProbeFigures figures() const;
  // What is under way is forgotten.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::report
