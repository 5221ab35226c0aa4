// A zone made from another one: other routes, another serial, more records.
//
// Why: routes change without the file, tokens come and go, and a copy that came by transfer knows
// no routes; none of that should cost reading the zone's text again.
#pragma once

#include <optional>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/zone/loader.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

struct AddedRecord {
  dns::Name owner;
  dns::RrType type = dns::RrType::kTxt;
  std::uint32_t ttl_s = 0;
  std::vector<std::uint8_t> rdata;
};

struct Derivation {
  std::optional<std::uint32_t> serial;  // of the SOA; nullopt: as it is
  std::vector<RouteBinding> routes;     // instead of those of `from`; outside the zone: ignored
  std::vector<AddedRecord> added;       // REQUIRES: at or below the apex
};

// O(records); any thread.  REQUIRES: from.state() == kServed
std::shared_ptr<const Zone> derive(const Zone& from, const Derivation& changes);

// `from` with `routes`, checked as load_zone() checks them; null when `problems` got an error.
std::shared_ptr<const Zone> rebind_routes(const Zone& from, const std::vector<RouteBinding>& routes,
                                          Problems& problems);

}  // namespace gslb::zone
