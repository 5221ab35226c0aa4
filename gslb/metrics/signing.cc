// Signed zones: how long their signatures last, what waits for the operator.
#include "gslb/dnssec/key_text_form.h"
#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

constexpr std::size_t kMaxZonesShown = 100;  // beyond that only sums

bool waits_for_operator(const dnssec::SigningStatus& zone) {
  std::vector<dnssec::KeyState> states;
  for (const dnssec::ZoneKey& key : zone.keys) { states.push_back(key.state); }
  return !dnssec::operator_task(states).empty();
}

}  // namespace

void add_signing(const Input& input, Exposition& out) {
  if (input.signing.empty()) { return; }
  std::size_t problems = 0;
  std::size_t waiting = 0;
  std::optional<WallTime> first;
  for (const dnssec::SigningStatus& zone : input.signing) {
    problems += !zone.problem.empty();
    waiting += waits_for_operator(zone);
    if (zone.first_expiration) {
      first = std::min(first.value_or(*zone.first_expiration), *zone.first_expiration);
    }
  }
  const auto since_1970 = [](WallTime at) {
    return std::chrono::duration<double>(at.time_since_epoch()).count();
  };
  out.counter("proxima_signatures_made_total", "Signatures made, none of them by a query.",
              static_cast<double>(input.signatures_made));
  out.gauge("proxima_zones_signed", "Zones with a DNSSEC policy.",
            static_cast<double>(input.signing.size()));
  out.gauge("proxima_zones_signing_problem", "Of them, those with a problem of keys or signing.",
            static_cast<double>(problems));
  out.gauge("proxima_zones_waiting_for_ds",
            "Of them, those whose rollover waits for a DS at the parent.",
            static_cast<double>(waiting));
  if (first) {
    out.gauge("proxima_signature_expiry_timestamp_seconds",
              "When the first signature of all zones expires, since 1970.", since_1970(*first));
  }
  if (input.signing.size() > kMaxZonesShown) { return; }
  out.gauge("proxima_zone_signature_expiry_timestamp_seconds",
            "When the first signature of the zone expires, since 1970; with at most 100 zones.");
  for (const dnssec::SigningStatus& zone : input.signing) {
    if (!zone.first_expiration) { continue; }
    out.sample(since_1970(*zone.first_expiration), {{"zone", zone.apex.to_string()}});
  }
}

}  // namespace gslb::metrics
