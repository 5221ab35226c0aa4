// Zones for the tests of this folder: from text, at random from a seed, and back into text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gslb/base/random.h"
#include "gslb/dnssec/sign_zone.h"
#include "gslb/zone/loader.h"

namespace gslb::dnssec {

inline dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

// The zone "example." with those lines behind its SOA (serial 1, minimum 300) and NS.
std::shared_ptr<const zone::Zone> zone_of(std::string_view lines,
                                          const std::vector<zone::RouteBinding>& routes = {});

// A zone file with RDATA in the form of RFC 3597 5, which every tool reads the same.
std::string text_of(const zone::Zone& zone);

// Names up to four labels deep with delegations signed and not, glue, wildcards, DNAMEs, empty
// non-terminals, odd octets, and data below cuts and DNAMEs.
std::shared_ptr<const zone::Zone> random_zone(Random& random, std::size_t names);

zone::NodeIndex node_of(const zone::Zone& zone, std::string_view owner);
// "A NS RRSIG" of the NSEC or NSEC3 at that owner, in the order of their numbers.
std::string bitmap_of(const zone::Zone& zone, zone::NodeIndex node);
bool is_signed(const zone::Zone& zone, std::string_view owner, dns::RrType type);

}  // namespace gslb::dnssec
