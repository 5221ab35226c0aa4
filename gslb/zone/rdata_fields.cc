#include "gslb/zone/rdata_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "gslb/base/ip.h"
#include "gslb/zone/ttl_text.h"

namespace gslb::zone::field {
namespace {

// Escapes resolved (RFC 1035 5.1: "\DDD" an octet, "\X" that character); false when malformed.
bool unescape(std::string_view text, Buffer& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    if (++at == text.size()) { return false; }
    if (text[at] < '0' || text[at] > '9') {
      out.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(at, 3);
    const auto [stopped, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || stopped != digits.data() + 3 || value > 255) { return false; }
    out.push_back(static_cast<std::uint8_t>(value));
    at += 2;
  }
  return true;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') { return c - '0'; }
  if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
  if (c >= 'A' && c <= 'F') { return c - 'A' + 10; }
  return -1;
}

// RFC 4648 7, any case; -1 for anything else.
int base32hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') { return c - '0'; }
  if (c >= 'a' && c <= 'v') { return c - 'a' + 10; }
  if (c >= 'A' && c <= 'V') { return c - 'A' + 10; }
  return -1;
}

}  // namespace

void put(Buffer& rdata, Octets octets) { rdata.insert(rdata.end(), octets.begin(), octets.end()); }

void put_number(Buffer& rdata, std::uint64_t value, int octets) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    rdata.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string shown = "'";
  for (const char c : text.substr(0, kShown)) {
    shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return shown + (text.size() > kShown ? "...'" : "'");
}

Fault number(const Word& word, int octets, Buffer& rdata) {
  const std::uint64_t limit = (std::uint64_t{1} << (8 * octets)) - 1;
  std::uint64_t value = 0;
  const char* end = word.text.data() + word.text.size();
  const auto [stopped, error] = std::from_chars(word.text.data(), end, value);
  if (error != std::errc{} || stopped != end || value > limit) {
    return RdataFault{0, quoted(word.text) + " is not a number from 0 to " + std::to_string(limit)};
  }
  put_number(rdata, value, octets);
  return std::nullopt;
}

Fault period(const Word& word, Buffer& rdata) {
  const auto seconds = parse_ttl(word.text);
  if (!seconds || *seconds > 0xffffffffU) {
    return RdataFault{0, quoted(word.text) + " is not a time in seconds (or 1w2d3h4m5s)"};
  }
  put_number(rdata, *seconds, 4);
  return std::nullopt;
}

Fault text(const Word& word, bool has_length, Buffer& rdata) {
  const std::size_t start = rdata.size();
  if (has_length) { rdata.push_back(0); }
  if (!unescape(word.text, rdata)) {
    return RdataFault{0, "bad escape in " + quoted(word.text) + ": \\DDD is 000 to 255"};
  }
  if (!has_length) { return std::nullopt; }
  const std::size_t length = rdata.size() - start - 1;
  if (length > 255) {
    return RdataFault{0, "character string of " + std::to_string(length) +
                             " octets, over 255: split it into several strings"};
  }
  rdata[start] = static_cast<std::uint8_t>(length);
  return std::nullopt;
}

// All words as one run of hexadecimal digits.
Fault hex(Words words, Buffer& rdata) {
  int high = -1;
  for (std::size_t index = 0; index < words.size(); ++index) {
    for (const char c : words[index].text) {
      const int digit = hex_value(c);
      if (digit < 0) {
        return RdataFault{index, quoted(words[index].text) + " is not hexadecimal"};
      }
      if (high >= 0) { rdata.push_back(static_cast<std::uint8_t>(high * 16 + digit)); }
      high = high >= 0 ? -1 : digit;
    }
  }
  if (high >= 0) { return RdataFault{words.size() - 1, "odd number of hexadecimal digits"}; }
  return std::nullopt;
}

Fault domain(const Word& word, const dns::Name& origin, Buffer& rdata) {
  const auto name = parse_name(word.text, origin);
  if (!name) {
    return RdataFault{
        0, "name " + quoted(word.text) + ": " + std::string(dns::describe(name.error()))};
  }
  put(rdata, name->wire());
  return std::nullopt;
}

Fault address(const Word& word, bool is_v6, Buffer& rdata) {
  // Not through Address for IPv6: it would turn ::ffff:192.0.2.1 into IPv4.
  const auto parsed = Address::parse(word.text);
  const bool mapped = parsed && is_v6 && !parsed->is_v6() && word.text.find(':') != word.text.npos;
  if (!parsed || (parsed->is_v6() != is_v6 && !mapped)) {
    return RdataFault{0,
                      quoted(word.text) + " is not an " + (is_v6 ? "IPv6" : "IPv4") + " address"};
  }
  if (mapped) { rdata.insert(rdata.end(), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}); }
  put(rdata, parsed->octets());
  return std::nullopt;
}

Fault type(const Word& word, Buffer& rdata) {
  const auto found = parse_zone_type(word.text);
  if (!found) { return RdataFault{0, quoted(word.text) + " is not an RR type"}; }
  put_number(rdata, static_cast<std::uint16_t>(*found), 2);
  return std::nullopt;
}

Fault bitmap(Words words, Buffer& rdata) {
  std::vector<std::uint16_t> types;
  for (std::size_t index = 0; index < words.size(); ++index) {
    const auto found = parse_zone_type(words[index].text);
    if (!found) { return RdataFault{index, quoted(words[index].text) + " is not an RR type"}; }
    types.push_back(static_cast<std::uint16_t>(*found));
  }
  std::ranges::sort(types);
  for (std::size_t at = 0; at < types.size();) {
    const int window = types[at] >> 8;
    std::array<std::uint8_t, 32> bits{};
    std::size_t used = 0;
    for (; at < types.size() && types[at] >> 8 == window; ++at) {
      used = (types[at] & 0xffU) / 8;
      bits[used] = static_cast<std::uint8_t>(bits[used] | (0x80U >> (types[at] % 8)));
    }
    put_number(rdata, static_cast<std::uint64_t>(window), 1);
    put_number(rdata, used + 1, 1);
    put(rdata, Octets(bits).first(used + 1));
  }
  return std::nullopt;
}

Fault hashed_owner(const Word& word, Buffer& rdata) {
  // Unpadded (RFC 5155 3.3).  8 digits hold 5 octets; 1, 3 and 6 over end within an octet.
  const std::size_t digits = word.text.size();
  const std::size_t over = digits % 8;
  const RdataFault bad{0, quoted(word.text) + " is not base32hex without padding"};
  if (digits == 0 || digits > 408 || over == 1 || over == 3 || over == 6) { return bad; }
  put_number(rdata, digits * 5 / 8, 1);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : word.text) {
    const int value = base32hex_value(c);
    if (value < 0) { return bad; }
    bits = (bits << 5) | static_cast<std::uint32_t>(value);
    held += 5;
    if (held >= 8) {
      held -= 8;
      rdata.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  return std::nullopt;
}

// RFC 4034 3.2: seconds since 1970 in 32 bits, or YYYYMMDDHHMMSS.
Fault timestamp(const Word& word, Buffer& rdata) {
  if (word.text.size() != 14) { return number(word, 4, rdata); }
  const RdataFault bad{0, quoted(word.text) + " is not a time YYYYMMDDHHMMSS"};
  std::array<int, 6> parts{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t digits = i == 0 ? 4 : 2;
    const char* end = word.text.data() + at + digits;
    const auto [stopped, error] = std::from_chars(word.text.data() + at, end, parts[i]);
    if (error != std::errc{} || stopped != end || parts[i] < 0) { return bad; }
    at += digits;
  }
  const auto date = std::chrono::year(parts[0]) /
                    std::chrono::month(static_cast<unsigned>(parts[1])) /
                    std::chrono::day(static_cast<unsigned>(parts[2]));
  if (!date.ok() || parts[0] < 1970 || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) {
    return bad;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  // Serial arithmetic: times beyond 2106 wrap (RFC 4034 3.1.5).
  put_number(rdata,
             static_cast<std::uint64_t>(((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]),
             4);
  return std::nullopt;
}

Fault nsap(const Word& word, Buffer& rdata) {
  std::string digits;
  std::ranges::copy_if(word.text, std::back_inserter(digits), [](char c) { return c != '.'; });
  if (!digits.starts_with("0x") && !digits.starts_with("0X")) {
    return RdataFault{0, quoted(word.text) + " does not begin with 0x"};
  }
  if (digits.size() == 2) { return RdataFault{0, "empty NSAP address"}; }
  const std::array<Word, 1> run = {Word{std::string_view(digits).substr(2)}};
  return hex(run, rdata);
}

}  // namespace gslb::zone::field
