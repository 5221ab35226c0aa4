#include "edge/report/probe_gate.h"

#include <algorithm>
#include <cmath>

namespace edge::report {
namespace {

// Not addresses of a host, whatever the rules say.
bool is_group(const gslb::Address& address) {
  const std::uint8_t first = address.octets()[0];
  return address.is_v6() ? first == 0xff : first >= 224;
}

}  // namespace

ProbeGate::ProbeGate(const config::Probe& rules) : rules_(rules), excluded_(rules.exclude) {}

bool ProbeGate::is_allowed(const gslb::Address& target) const {
  if (is_group(target) || target.is_unspecified() || excluded_.contains(target)) { return false; }
  return target.is_global() || rules_.allow_private;
}

bool ProbeGate::admits(const gslb::fleet::Probe& probe, gslb::MonoTime now) {
  if (!is_allowed(probe.target)) { return false; }
  const bool has_port = probe.kind != gslb::fleet::ProbeKind::kIcmp;
  if (has_port &&
      std::find(rules_.ports.begin(), rules_.ports.end(), probe.port) == rules_.ports.end()) {
    return false;
  }
  const gslb::milliseconds interval(rules_.target_interval_ms);
  if (last_.size() >= kMostTargets) {
    std::erase_if(last_, [&](const auto& entry) { return now - entry.second >= interval; });
  }
  const auto known = last_.find(probe.target);
  if (known != last_.end() && now - known->second < interval) { return false; }
  if (known == last_.end() && last_.size() >= kMostTargets) { return false; }
  last_[probe.target] = now;
  return true;
}

// One second's worth at most comes at once.
void ProbeGate::refill(gslb::MonoTime now) {
  const double per_s = static_cast<double>(rules_.per_second);
  const double passed_s = std::chrono::duration<double>(now - refilled_).count();
  tokens_ = std::min(std::max(1.0, per_s), tokens_ + std::max(0.0, passed_s) * per_s);
  refilled_ = now;
}

bool ProbeGate::take_token(gslb::MonoTime now) {
  refill(now);
  if (tokens_ < 1) { return false; }
  tokens_ -= 1;
  return true;
}

gslb::milliseconds ProbeGate::wait(gslb::MonoTime now) {
  refill(now);
  if (tokens_ >= 1) { return gslb::milliseconds(0); }
  const double wait_ms = (1 - tokens_) * 1000 / static_cast<double>(rules_.per_second);
  return gslb::milliseconds(static_cast<std::int64_t>(std::ceil(wait_ms)));
}

}  // namespace edge::report
