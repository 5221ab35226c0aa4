// ICMP echo messages.
//
// Source: RFC 792 (echo, echo reply), RFC 4443 4.1 and 4.2, RFC 1071 (checksum).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gslb/base/bytes.h"

namespace gslb::monitor {

inline constexpr std::size_t kNonceOctets = 16;
using Nonce = std::span<const std::uint8_t, kNonceOctets>;

// The kernel fills in the checksum of ICMPv6, and the identifier on ping sockets.
std::vector<std::uint8_t> write_echo(bool is_v6, Nonce nonce);
// True when `message` is the reply to the echo with that nonce.  Total.  Raw IPv4 sockets give the
// IP header as well.
bool is_echo_reply(bool is_v6, Nonce nonce, Octets message);

}  // namespace gslb::monitor
