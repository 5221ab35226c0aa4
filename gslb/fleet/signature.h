// HMAC-SHA-256 over a kind, a head and a body: how heartbeats, orders and bus messages are signed.
//
// Source: RFC 2104, FIPS 180-4; docs/heartbeat.md, docs/bus.md.
#pragma once

#include <string>
#include <string_view>

namespace gslb::fleet {

inline constexpr std::size_t kSignatureDigits = 64;

// Of `kind`, LF, `head`, LF, `body`; lower-case hexadecimal digits.  Neither kind nor head may hold
// an LF, or two messages would sign alike.
std::string sign(std::string_view kind, std::string_view key, std::string_view head,
                 std::string_view body);

// False with an empty key: anyone can sign with that.  Constant time in what the signature is.
bool is_signed(std::string_view kind, std::string_view key, std::string_view head,
               std::string_view body, std::string_view signature);

bool is_signature(std::string_view text) noexcept;  // by its form

}  // namespace gslb::fleet
