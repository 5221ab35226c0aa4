// Durations and octet counts as operators write them: "250ms", "30s", "64MiB".
//
// Why strict: a number without the unit its author had in mind is the classic wrong setting, so
// there is no sign, no fraction, no space and no second spelling.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gslb {

// Digits and one of ms, s, m, h, d; in milliseconds.  nullopt for anything else and on overflow.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
// Digits and one of B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024).
std::optional<std::int64_t> parse_size_octets(std::string_view text);

// In the largest unit that divides it: 90000 is "90s", 120000 "2m".  REQUIRES: ms >= 0
std::string format_duration_ms(std::int64_t ms);
// In the largest power of 1024 that divides it: 65536 is "64KiB".  REQUIRES: octets >= 0
std::string format_size_octets(std::int64_t octets);

// The shortest text that reads back as the same number: "0.1", "180".
std::string format_number(double value);
// 16 digits, base 16: how ids and hashes are written.
std::string format_hex(std::uint64_t value);

}  // namespace gslb
