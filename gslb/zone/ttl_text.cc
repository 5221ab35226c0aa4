#include "gslb/zone/ttl_text.h"

namespace gslb::zone {
namespace {

std::uint64_t unit_seconds(char unit) noexcept {
  switch (unit) {
    case 's':
    case 'S':
      return 1;
    case 'm':
    case 'M':
      return 60;
    case 'h':
    case 'H':
      return 3600;
    case 'd':
    case 'D':
      return 86400;
    case 'w':
    case 'W':
      return 604800;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::uint64_t> parse_ttl(std::string_view text) noexcept {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 48;
  std::uint64_t total = 0;
  std::uint64_t number = 0;
  bool has_digits = false;
  bool has_unit = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
      if (number > kLimit) { return std::nullopt; }
      has_digits = true;
      continue;
    }
    const std::uint64_t unit = unit_seconds(c);
    if (unit == 0 || !has_digits) { return std::nullopt; }
    if (number > kLimit / unit) { return std::nullopt; }
    total += number * unit;
    if (total > kLimit) { return std::nullopt; }
    number = 0;
    has_digits = false;
    has_unit = true;
  }
  if (!has_digits) { return has_unit ? std::optional(total) : std::nullopt; }
  // "1h30": a bare number after a unit is a slip of the pen, not 30 seconds.
  if (has_unit) { return std::nullopt; }
  return number;
}

}  // namespace gslb::zone
