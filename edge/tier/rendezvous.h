// Who of several edges is to have a key, so that all who know the same list agree, and few keys
// move when one comes or goes.
//
// Source: Thaler, Ravishankar, "Using name-based mappings to increase hit rates" (highest random
// weight, 1998), with weights by Schindelhauer, Schomaker (-w / ln u, 2005).
//
// Why not a ring: no table to build, exact shares by weight, and the next in order is there
// already. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace edge::tier {

// A member's share of the hash; the same wherever the name is.
std::uint64_t member_id(std::string_view name) noexcept;
std::uint64_t key_hash(std::string_view key) noexcept;

// The greatest of all members' has the key.  REQUIRES: weight > 0.
double rendezvous_score(std::uint64_t key, std::uint64_t member, double weight) noexcept;

}  // namespace edge::tier
