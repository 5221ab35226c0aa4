// The chain of denial: NSEC or NSEC3 records over the owners of a zone.  Private to this folder.
//
// Source: RFC 4034 4 (NSEC, type bitmap), RFC 4035 2.3, RFC 5155 3, 6 and 7.1 (NSEC3, opt-out),
// RFC 9276 3.1 (no iterations, no salt).
#pragma once

#include <optional>

#include "gslb/dnssec/owners.h"
#include "gslb/dnssec/sign_zone.h"

namespace gslb::dnssec {

// Appends the bitmap of RFC 4034 4.1.2.  `types` in any order, duplicates allowed.
void append_type_bitmap(std::vector<dns::RrType> types, Buffer& out);

struct Chain {
  struct Record {
    Octets owner;
    dns::RrsetView set;
  };
  std::vector<Record> records;
  Buffer octets;  // what the records point into, beside the zone
};

// `apex_types`: what signing adds to the apex, without RRSIG and NSEC.  nullopt when two owners
// have one hash.  Views into the zone and the chain itself.
std::optional<Chain> make_chain(const zone::Zone& zone, const std::vector<Owner>& owners,
                                const SigningPlan& plan,
                                const std::vector<dns::RrType>& apex_types);

// RDATA of NSEC3PARAM.
Buffer nsec3param_rdata(const SigningPlan& plan);

}  // namespace gslb::dnssec
