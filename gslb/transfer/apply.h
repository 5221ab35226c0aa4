// A zone and what changed in it → the next version of the zone.
//
// Source: RFC 1995 4; RFC 2181 5 (a record is its owner, type and RDATA, its set has one TTL).
#pragma once

#include <memory>
#include <span>

#include "gslb/base/result.h"
#include "gslb/transfer/record.h"
#include "gslb/zone/zone.h"

namespace gslb::transfer {

enum class ApplyError : std::uint8_t {
  kSerial,   // a difference doesn't start at the version it is applied to
  kMissing,  // a record to be deleted isn't there
};

std::string_view describe(ApplyError error) noexcept;

// `base` with `differences` applied in order.  A record added that is there already gets the new
// TTL and is no error, as with BIND: NSD 4.6 sends some.  On an error the zone the primary has
// can't be reached this way: fetch it whole.  Routes of `base` are not taken over.
// Cost: O(records of base + changes).
Result<std::shared_ptr<const zone::Zone>, ApplyError> apply_differences(
    const zone::Zone& base, std::span<const Difference> differences);

}  // namespace gslb::transfer
