// The names of a zone in canonical order, each with what signing has to know of it.  Private to
// this folder.
//
// Source: RFC 4034 6.1 (order), RFC 4035 2.2 and 2.3 (cuts, glue), RFC 6672 2.4 (DNAME), RFC 5155
// 7.1 (empty non-terminals, opt-out), RFC 9499 (occluded).
#pragma once

#include <vector>

#include "gslb/dnssec/key.h"
#include "gslb/zone/zone.h"

namespace gslb::dnssec {

struct Owner {
  enum class Kind : std::uint8_t {
    kData,      // authoritative
    kCut,       // a delegation: only its DS and NSEC are the zone's own
    kEmpty,     // empty non-terminal
    kOccluded,  // below a cut (glue) or a DNAME: neither signed nor denied
  };
  Octets name;                           // lower case, in the zone
  zone::NodeIndex node = zone::kNoNode;  // kNoNode: kEmpty
  Kind kind = Kind::kData;
  bool has_ds = false;
  bool is_secure = false;  // has data of its own, a signed delegation, or such a name below
};

// What a former signing left, and what a signing makes itself: the chain and signatures anywhere,
// keys only at the apex.  A digest over the zone (RFC 8976) would be wrong afterwards.
bool is_made_by_signing(zone::NodeIndex node, dns::RrType type) noexcept;

// All owners that have a route or records beside those of a signing, and the empty non-terminals
// above them.  Valid as long as the zone.  O(names log names)
std::vector<Owner> owners_of(const zone::Zone& zone);

}  // namespace gslb::dnssec
