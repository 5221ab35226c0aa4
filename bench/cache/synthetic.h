// Made-up traces: what a cache of a CDN may meet, each kind alone and mixed, from a seed.
//
// Why several kinds: a policy that is tuned on one kind of made-up trace is tuned to its maker.
// Kinds differ in what makes objects popular, for how long, how large they are, and whether
// popularity and size have to do with each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/cache/trace.h"

namespace bench::cache {

struct Kind {
  std::string_view name;
  std::string_view what;
};
const std::vector<Kind>& kinds();

// REQUIRES: `kind` is the name of one of kinds().  The same arguments make the same trace.
Trace make_trace(std::string_view kind, std::size_t requests, std::uint64_t seed);

}  // namespace bench::cache
