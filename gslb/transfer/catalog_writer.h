// A catalog zone made from the zones it lists.
//
// Source: RFC 9432 4 (schema).
#pragma once

#include <memory>
#include <vector>

#include "gslb/dns/name.h"
#include "gslb/zone/zone.h"

namespace gslb::transfer {

// The labels are hashes of the members' names: a zone keeps its label, so that consumers keep its
// data, whatever comes and goes beside it (5.4).  `members` without duplicates, in any order.
std::shared_ptr<const zone::Zone> make_catalog(const dns::Name& apex,
                                               const std::vector<dns::Name>& members,
                                               std::uint32_t serial);

}  // namespace gslb::transfer
