#include "gslb/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

namespace gslb {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t factor;
};

// Ascending, so that the last divisor found is the largest.
constexpr std::array<Unit, 5> kDurations = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kBinarySizes = {
    {{"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}}};
constexpr std::array<Unit, 4> kDecimalSizes = {
    {{"kB", 1000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"TB", 1'000'000'000'000}}};

std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) {
  // from_chars would take a '-', hence the look at the first character.
  if (text.empty() || text[0] < '0' || text[0] > '9') { return std::nullopt; }
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) { return std::nullopt; }
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (suffix != unit.suffix) { continue; }
    if (count > std::numeric_limits<std::int64_t>::max() / unit.factor) { return std::nullopt; }
    return count * unit.factor;
  }
  return std::nullopt;
}

std::string format(std::int64_t value, std::span<const Unit> units) {
  Unit best = units[0];
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) { best = unit; }
  }
  return std::to_string(value / best.factor).append(best.suffix);
}

}  // namespace

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  return parse(text, kDurations);
}

std::optional<std::int64_t> parse_size_octets(std::string_view text) {
  const auto binary = parse(text, kBinarySizes);
  return binary ? binary : parse(text, kDecimalSizes);
}

std::string format_duration_ms(std::int64_t ms) { return ms == 0 ? "0s" : format(ms, kDurations); }

std::string format_size_octets(std::int64_t octets) {
  return octets == 0 ? "0B" : format(octets, kBinarySizes);
}

std::string format_number(double value) {
  std::array<char, 32> text{};  // 24 are enough for any double in the general form
  const bool plain = std::abs(value) < 1e15;
  char* const end = text.data() + text.size();
  auto done = std::to_chars(text.data(), end, value, std::chars_format::fixed);
  if (!plain || done.ec != std::errc()) { done = std::to_chars(text.data(), end, value); }
  return {text.data(), done.ptr};
}

std::string format_hex(std::uint64_t value) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); value != 0; ++digit, value >>= 4) {
    *digit = "0123456789abcdef"[value & 15];
  }
  return text;
}

}  // namespace gslb
