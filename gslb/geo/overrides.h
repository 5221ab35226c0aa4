// The operator's prefixes as a step function over one family's keys.
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/geo/compile.h"
#include "gslb/geo/record.h"

namespace gslb::geo {

constexpr std::uint32_t kNoOverride = 0xffffffff;

// From key `first` until the next run.  Keys: IPv4 addresses, or the upper 64 bits of IPv6 ones.
struct OverrideRun {
  std::uint64_t first;
  std::uint32_t override_number;  // into CompileOptions::overrides; kNoOverride: none
};
using OverrideRuns = std::vector<OverrideRun>;

// Reports prefixes that can't be used: IPv6 ones longer than /64; and those given twice, of which
// the first counts.
void check_overrides(const std::vector<PrefixOverride>& overrides, Problems& problems);

// The longest prefix around each key.  Empty when there is none in the family.
// REQUIRES: check_overrides() found no error.
OverrideRuns flatten_overrides(const std::vector<PrefixOverride>& overrides, bool is_v6);

// What the operator says, over what the sources say of an address.
Record apply(const PrefixOverride& override_, const Record& below);

}  // namespace gslb::geo
