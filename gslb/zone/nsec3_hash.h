// The hash of NSEC3: which record of the chain speaks of a name.
//
// Source: RFC 5155 5 (calculation) and 1.3 (base32hex, RFC 4648 7), RFC 9276 (iterations).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "gslb/base/bytes.h"

namespace gslb::zone {

inline constexpr std::uint8_t kNsec3Sha1 = 1;  // the only hash algorithm there is
// Above this validators may take the zone for insecure or fail (RFC 9276 3.2; BIND, Unbound 2023).
inline constexpr std::uint16_t kSaneNsec3Iterations = 50;
// Above this a zone's NSEC3 chain is not used at all: each is a SHA-1 for anybody who asks.
inline constexpr std::uint16_t kMaxNsec3Iterations = 150;

using Nsec3Hash = std::array<std::uint8_t, 20>;

// `lower_wire`: lower-case wire form of a name.  No allocation; about 0.1 us an iteration.
Nsec3Hash nsec3_hash(Octets lower_wire, Octets salt, std::uint16_t iterations) noexcept;

// 32 octets, lower case: the first label of the NSEC3's owner, in the order of the hashes.
std::string to_base32hex(const Nsec3Hash& hash);
// nullopt unless `label` (without its length) is a hash in base32hex, in any case.
std::optional<Nsec3Hash> parse_base32hex(Octets label) noexcept;

}  // namespace gslb::zone
