// Octets as text.
#pragma once

#include <string>

#include "gslb/base/bytes.h"

namespace gslb {

// Two lower-case hexadecimal digits an octet.
inline std::string to_hex(Octets octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * octets.size());
  for (const std::uint8_t octet : octets) {
    text.push_back(kDigits[octet >> 4]);
    text.push_back(kDigits[octet & 15]);
  }
  return text;
}

}  // namespace gslb
