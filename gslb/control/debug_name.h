// [debug]: whether its name can stand where it is, and what a snapshot has of it.
#pragma once

#include <memory>
#include <vector>

#include "gslb/answer/debug.h"
#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/zone/zone_set.h"

namespace gslb::control {

struct Epoch;

// Answers at the name are not signed.  So in a signed zone it must lie below a delegation without
// DS, where validators expect no signatures; anything else is a problem.
void check_debug_name(const config::Config& config, const zone::ZoneSet& zones, Problems& problems);

// Null without [debug].  Keeps the epoch alive: its costs are told.
std::shared_ptr<const answer::Debug> make_debug(std::shared_ptr<const Epoch> epoch,
                                                std::vector<double> price_ms);

}  // namespace gslb::control
