// Base64 ↔ octets, as keys are written in files.
//
// Source: RFC 4648 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gslb {

// Strict: the standard alphabet, padding to a multiple of four, nothing else (no white space), no
// bits set that the octets don't need.  nullopt for anything else.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view octets);

}  // namespace gslb
