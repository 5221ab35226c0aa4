// LOC and APL, the two text forms with a grammar of their own.
#include <algorithm>
#include <array>
#include <charconv>

#include "gslb/base/ip.h"
#include "gslb/zone/rdata_fields.h"

namespace gslb::zone::field {
namespace {

// "12", "12.3", "-1.25m" in units of 10^-decimals; nullopt when malformed or out of range.
std::optional<std::int64_t> scaled(std::string_view text, std::size_t decimals, std::int64_t low,
                                   std::int64_t high) {
  const bool negative = text.starts_with('-');
  if (negative) { text.remove_prefix(1); }
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, dot));
  if (digits.empty() || digits.size() > 10) { return std::nullopt; }
  std::string fraction(text.substr(std::min(dot + 1, text.size())));
  if (fraction.size() > decimals || (dot < text.size() && fraction.empty())) {
    return std::nullopt;
  }
  fraction.resize(decimals, '0');
  digits += fraction;
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  if (digits.find('-') != std::string::npos) { return std::nullopt; }
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stopped != end) { return std::nullopt; }
  if (negative) { value = -value; }
  return value < low || value > high ? std::nullopt : std::optional(value);
}

// Degrees, minutes and seconds up to a hemisphere letter, as thousandths of a second of arc around
// 2^31.  Moves `at` past the letter.
std::optional<std::uint32_t> angle(Words words, std::size_t& at, std::string_view letters,
                                   std::int64_t max_degrees) {
  constexpr std::int64_t kPerDegree = 3'600'000;
  std::int64_t total = 0;
  for (std::size_t part = 0; part < 4 && at < words.size(); ++part, ++at) {
    const std::string_view text = words[at].text;
    if (text.size() == 1 && (text[0] | 0x20) >= 'a') {
      const std::size_t letter = letters.find(static_cast<char>(text[0] & ~0x20));
      if (part == 0 || letter == std::string_view::npos) { return std::nullopt; }
      ++at;
      const std::int64_t turned = letter == 0 ? total : -total;
      return static_cast<std::uint32_t>((std::int64_t{1} << 31) + turned);
    }
    if (part == 3) { break; }
    const auto value = part == 0   ? scaled(text, 0, 0, max_degrees)
                       : part == 1 ? scaled(text, 0, 0, 59)
                                   : scaled(text, 3, 0, 59'999);
    if (!value) { return std::nullopt; }
    total += part == 0 ? *value * kPerDegree : part == 1 ? *value * 60'000 : *value;
  }
  return std::nullopt;
}

std::string_view without_unit(std::string_view text) {
  if (text.ends_with('m') || text.ends_with('M')) { text.remove_suffix(1); }
  return text;
}

// RFC 1876 2: centimetres as one digit and a power of ten.
std::uint8_t mantissa_exponent(std::int64_t centimetres) {
  unsigned exponent = 0;
  while (centimetres > 9) {
    centimetres /= 10;
    ++exponent;
  }
  return static_cast<std::uint8_t>((centimetres << 4) | exponent);
}

// One "[!]family:address/length"; false when malformed.
bool prefix_item(std::string_view text, Buffer& rdata) {
  const bool negated = text.starts_with('!');
  if (negated) { text.remove_prefix(1); }
  const bool is_v6 = text.starts_with("2:");
  if (!is_v6 && !text.starts_with("1:")) { return false; }
  text.remove_prefix(2);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) { return false; }
  Buffer octets;
  if (address({text.substr(0, slash)}, is_v6, octets)) { return false; }
  unsigned length = 0;
  const std::string_view digits = text.substr(slash + 1);
  const char* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, length);
  if (error != std::errc{} || stopped != end || length > octets.size() * 8) { return false; }
  // Trailing zero octets are not sent (RFC 3123 4).
  while (!octets.empty() && octets.back() == 0) { octets.pop_back(); }
  put_number(rdata, is_v6 ? 2 : 1, 2);
  put_number(rdata, length, 1);
  put_number(rdata, (negated ? 0x80U : 0U) | octets.size(), 1);
  put(rdata, octets);
  return true;
}

}  // namespace

Fault prefixes(Words words, Buffer& rdata) {
  for (std::size_t index = 0; index < words.size(); ++index) {
    if (!prefix_item(words[index].text, rdata)) {
      return RdataFault{index, quoted(words[index].text) + " is not [!]family:address/length"};
    }
  }
  return std::nullopt;
}

Fault place(Words words, Buffer& rdata) {
  std::size_t at = 0;
  const auto latitude = angle(words, at, "NS", 90);
  if (!latitude) { return RdataFault{at, "bad latitude: d [m [s]] N or S"}; }
  const auto longitude = angle(words, at, "EW", 180);
  if (!longitude) { return RdataFault{at, "bad longitude: d [m [s]] E or W"}; }
  if (at == words.size()) { return RdataFault{at, "altitude is missing"}; }
  const auto altitude = scaled(without_unit(words[at].text), 2, -10'000'000, 4'284'967'295);
  if (!altitude) { return RdataFault{at, "bad altitude: -100000.00 to 42849672.95 metres"}; }
  // Size, horizontal and vertical precision: 1 m, 10 km, 10 m unless given (RFC 1876 3).
  std::array<std::uint8_t, 3> extents = {0x12, 0x16, 0x13};
  std::size_t extent = 0;
  for (++at; at < words.size(); ++at, ++extent) {
    if (extent == extents.size()) { return RdataFault{at, "more fields than the type has"}; }
    const auto metres = scaled(without_unit(words[at].text), 2, 0, 9'000'000'000);
    if (!metres) { return RdataFault{at, "bad size or precision: 0 to 90000000.00 metres"}; }
    extents[extent] = mantissa_exponent(*metres);
  }
  put_number(rdata, 0, 1);  // version
  put(rdata, extents);
  put_number(rdata, *latitude, 4);
  put_number(rdata, *longitude, 4);
  put_number(rdata, static_cast<std::uint64_t>(*altitude + 10'000'000), 4);
  return std::nullopt;
}

}  // namespace gslb::zone::field
