// The configuration's guards as the query path uses them.
#pragma once

#include <memory>

#include "gslb/answer/protection.h"
#include "gslb/config/config.h"

namespace gslb::control {

// Cookie secrets that are not configured are random.  Zones whose names are no names are left out.
std::shared_ptr<const answer::Protection> make_protection(const config::Config& config,
                                                          std::size_t workers);

// `made` with what lives on across a reload: random cookie secrets, and the buckets of rate limits
// that are the same.
std::shared_ptr<const answer::Protection> inherit_protection(const config::Config& config,
                                                             const answer::Protection& made,
                                                             const answer::Protection& old);

}  // namespace gslb::control
