// Which leaf decides for a query: the client subnet's when it is sane, else the resolver's.
//
// Source: RFC 7871 7.2.1 and 11.2 (unroutable prefixes), steering.md (1).
#pragma once

#include <cstdint>

#include "gslb/answer/counters.h"
#include "gslb/base/ip.h"
#include "gslb/dns/query.h"
#include "gslb/geo/geo_map.h"
#include "gslb/steer/answer_map.h"

namespace gslb::answer {

struct Location {
  geo::UnitIndex unit = 0;
  // Identifies the leaf, the same for every client of it: the split of names is drawn from it.
  std::uint64_t leaf_hash = 0;
  std::uint8_t scope_bits = 0;  // for the ECS option of the answer; 0 without one
  EcsUse ecs = EcsUse::kNone;
};

// No allocation.  A subnet nothing is known about (private, bogon, unmapped) is decided by the
// resolver's address; its scope is still the leaf that holds it, so that scopes never overlap.
Address subnet_address(const dns::ClientSubnet& subnet) noexcept;

Location locate(const geo::GeoMap& map, const dns::Edns& edns,
                const gslb::Address& resolver) noexcept;

// The row of the answer map that answers there.  No allocation.
inline geo::UnitIndex row_of(const steer::AnswerMap& map, const Location& location,
                             const gslb::Address& resolver) noexcept {
  return location.ecs == EcsUse::kUsed ? location.unit : map.row_of(resolver, location.unit);
}

}  // namespace gslb::answer
