#include "edge/report/beacons.h"

#include <algorithm>
#include <utility>

namespace edge::report {

void BeaconCollector::add(std::string_view nonce, const gslb::Address& client) {
  if (!gslb::fleet::is_nonce(nonce)) { return; }
  const std::lock_guard lock(mutex_);
  ++seen_;
  const bool is_known =
      std::any_of(hits_.begin(), hits_.end(), [&](const auto& hit) { return hit.nonce == nonce; });
  if (is_known || hits_.size() >= gslb::fleet::kMaxReportBeacons) { return; }
  hits_.push_back({std::string(nonce), gslb::Prefix(client, client.is_v6() ? 48 : 24)});
}

std::vector<gslb::fleet::BeaconHit> BeaconCollector::drain() {
  const std::lock_guard lock(mutex_);
  return std::exchange(hits_, {});
}

std::uint64_t BeaconCollector::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace edge::report
