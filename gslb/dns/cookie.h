// Server cookies any implementation with the same secret accepts.
//
// Source: RFC 7873 (cookies), RFC 9018 4 (the server cookie), "SipHash: a fast short-input PRF"
// (Aumasson, Bernstein; SipHash-2-4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gslb/base/bytes.h"
#include "gslb/base/ip.h"

namespace gslb::dns {

inline constexpr std::size_t kClientCookieOctets = 8;
inline constexpr std::size_t kServerCookieOctets = 16;  // ours; others' are 8 to 32
inline constexpr std::size_t kCookieOctets = kClientCookieOctets + kServerCookieOctets;

using CookieSecret = std::array<std::uint8_t, 16>;
using Cookie = std::array<std::uint8_t, kCookieOctets>;  // the client's, then the server's

// 32 hexadecimal digits.
std::optional<CookieSecret> parse_cookie_secret(std::string_view text);

std::uint64_t siphash_2_4(const CookieSecret& key, Octets message) noexcept;

// The cookie for `client`, made at `now_s` (Unix time, modulo 2^32).
// REQUIRES: client_cookie.size() == kClientCookieOctets
Cookie make_cookie(const CookieSecret& secret, Octets client_cookie, std::uint32_t now_s,
                   const Address& client) noexcept;

enum class CookieState : std::uint8_t {
  kNone,        // no option
  kClientOnly,  // the client does not know our cookie yet
  kBad,         // not one of ours for this client, or out of its time
  kGood,
  kAged,  // good, to be replaced by a new one: older than half an hour, or of another secret
};

// Judges the option's octets: at most an hour old, at most five minutes ahead.  The first secret is
// the one cookies are made with, the others are accepted.
CookieState judge_cookie(std::span<const CookieSecret> secrets, Octets cookie, std::uint32_t now_s,
                         const Address& client) noexcept;

}  // namespace gslb::dns
