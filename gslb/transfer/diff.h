// Two versions of a zone → what changed.
//
// Source: RFC 1995 4.
//
// Why over both node tables: versions share nothing, but nearly all nodes are the same octets, and
// a name is found in one probe a label.  A million records take a few hundred milliseconds.
#pragma once

#include <optional>

#include "gslb/transfer/exported_zone.h"
#include "gslb/transfer/record.h"

namespace gslb::transfer {

// nullopt when the changed records have more than `max_octets`.  A set whose TTL changed is deleted
// and added as a whole.  REQUIRES: the same apex
std::optional<Difference> find_difference(const ExportedZone& old, const ExportedZone& now,
                                          std::size_t max_octets);

}  // namespace gslb::transfer
