// Adding a record to a zone without changing the answer of any other name.
//
// Source: RFC 4592 2.2.2 and 4.9: a name that exists, and every name above it, no longer takes part
// in a wildcard.  With *.cdn and a record added at _acme-challenge.www.cdn, www.cdn and what lies
// below it would fall out of *.cdn; so the wildcard's data are put there too.
#pragma once

#include <cstdint>
#include <optional>

#include "gslb/zone/derive.h"

namespace gslb::zone {

enum class InsertionError : std::uint8_t {
  kBelowCut,    // at or below a delegation: not our data
  kBelowDname,  // RFC 6672 2.4
  kAlias,       // the owner has a CNAME
};

// Adds `record`, and copies of the wildcard that covers its owner now, to `into`.  Names below the
// owner stay with the wildcard; the owner itself leaves it.
// REQUIRES: record.owner at or below the apex.  O(labels).
std::optional<InsertionError> insert(const Zone& zone, AddedRecord record, Derivation& into);

}  // namespace gslb::zone
