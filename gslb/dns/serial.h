// Serial numbers, which go round: of zones, and of the seconds in an RRSIG.
//
// Source: RFC 1982 3.2, RFC 4034 3.1.5.
#pragma once

#include <cstdint>

namespace gslb::dns {

// Whether `a` is newer than `b`.  False for the one distance (2^31) that RFC 1982 leaves undefined.
constexpr bool is_newer_serial(std::uint32_t a, std::uint32_t b) noexcept {
  return a != b && a - b < 0x8000'0000U;
}

}  // namespace gslb::dns
