// Which continent a country is on, as policies by continent see it.
//
// Source: United Nations M49 regions, the Americas split at Panama, with ISO 3166-1 codes; the
// same seven codes as gdnsd's and MaxMind's.
#pragma once

#include <array>

namespace gslb::geo {

// "AF" "AN" "AS" "EU" "NA" "OC" "SA"; {0, 0} for a code that is no country's.  O(1).
std::array<char, 2> continent_of(std::array<char, 2> country) noexcept;

}  // namespace gslb::geo
