#include "gslb/base/ip.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include "gslb/base/check.h"

namespace gslb {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<unsigned> parse_number(std::string_view text, unsigned limit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || value > limit) {
    return std::nullopt;
  }
  return value;
}

// Special-purpose blocks no public client can have (RFC 6890 and its registries).
const std::array<Prefix, 27>& special_prefixes() {
  static const std::array<Prefix, 27> prefixes = [] {
    constexpr std::array<std::string_view, 27> kTexts = {
        "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
        "::/128",        "::1/128",         "64:ff9b:1::/48", "100::/64",       "2001:2::/48",
        "2001:db8::/32", "2001:10::/28",    "3fff::/20",      "fc00::/7",       "fe80::/10",
        "ff00::/8",      "5f00::/16"};
    std::array<Prefix, 27> parsed;
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
      const auto prefix = Prefix::parse(kTexts[i]);
      CHECK(prefix.has_value());
      parsed[i] = *prefix;
    }
    return parsed;
  }();
  return prefixes;
}

}  // namespace

Address Address::v4(std::uint32_t host_order) noexcept {
  Address address;
  store_u32(address.octets_.data(), host_order);
  return address;
}

Address Address::from_octets(Octets octets) noexcept {
  DCHECK(octets.size() == 4 || octets.size() == 16);
  Address address;
  if (octets.size() == 16 &&
      !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin())) {
    address.is_v6_ = true;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
  } else {
    const Octets last_four = octets.last(4);
    std::copy(last_four.begin(), last_four.end(), address.octets_.begin());
  }
  return address;
}

std::optional<Address> Address::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) { return std::nullopt; }
  if (text.find('\0') != std::string_view::npos) { return std::nullopt; }  // inet_pton stops there
  std::copy(text.begin(), text.end(), terminated.begin());
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, terminated.data(), octets.data()) == 1) {
    return from_octets(Octets(octets).first(4));
  }
  if (inet_pton(AF_INET6, terminated.data(), octets.data()) == 1) { return from_octets(octets); }
  return std::nullopt;
}

Address Address::masked(int bits) const noexcept {
  DCHECK(bits >= 0 && bits <= bit_length());
  Address result = *this;
  for (int i = 0; i < bit_length() / 8; ++i) {
    const int kept = std::clamp(bits - i * 8, 0, 8);
    result.octets_[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> kept);
  }
  return result;
}

Address Address::filled(int bits) const noexcept {
  DCHECK(bits >= 0 && bits <= bit_length());
  // In place, not through from_octets: the last address of ::/80 looks like an IPv4-mapped one.
  Address result = *this;
  for (int i = 0; i < bit_length() / 8; ++i) {
    const int kept = std::clamp(bits - i * 8, 0, 8);
    result.octets_[static_cast<std::size_t>(i)] |= static_cast<std::uint8_t>(0xff >> kept);
  }
  return result;
}

bool Address::is_global() const noexcept {
  const auto& special = special_prefixes();
  return std::none_of(special.begin(), special.end(),
                      [this](const Prefix& prefix) { return prefix.contains(*this); });
}

bool Address::is_loopback() const noexcept {
  if (!is_v6_) { return octets_[0] == 127; }
  return std::all_of(octets_.begin(), octets_.begin() + 15, [](auto o) { return o == 0; }) &&
         octets_[15] == 1;
}

bool Address::is_unspecified() const noexcept {
  return std::all_of(octets_.begin(), octets_.end(), [](auto o) { return o == 0; });
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v6_ ? AF_INET6 : AF_INET, octets_.data(), text.data(), text.size());
  return text.data();
}

std::optional<Prefix> Prefix::parse(std::string_view text, ParseError* error) {
  const auto fail = [error](ParseError why) {
    if (error != nullptr) { *error = why; }
    return std::nullopt;
  };
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) { return fail(ParseError::kAddress); }
  if (slash == std::string_view::npos) { return Prefix(*address, address->bit_length()); }
  // The length of an IPv4-mapped prefix counts the 96 bits that mapping took away.
  const bool mapped =
      !address->is_v6() && text.substr(0, slash).find(':') != std::string_view::npos;
  const unsigned skipped = mapped ? 96 : 0;
  auto bits =
      parse_number(text.substr(slash + 1), static_cast<unsigned>(address->bit_length()) + skipped);
  if (!bits || *bits < skipped) { return fail(ParseError::kLength); }
  *bits -= skipped;
  if (address->masked(static_cast<int>(*bits)) != *address) { return fail(ParseError::kHostBits); }
  return Prefix(*address, static_cast<int>(*bits));
}

bool Prefix::contains(const Address& address) const noexcept {
  return address.is_v6() == is_v6() && address.masked(bits_) == address_;
}

bool Prefix::contains(const Prefix& other) const noexcept {
  return other.bits_ >= bits_ && contains(other.address_);
}

std::string Prefix::to_string() const { return address_.to_string() + '/' + std::to_string(bits_); }

std::optional<Endpoint> Endpoint::parse(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::optional<std::string_view> port_text;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) { return std::nullopt; }
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest[0] != ':' && rest[0] != '@') { return std::nullopt; }
      port_text = rest.substr(1);
    }
  } else if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    host = text.substr(0, at);
    port_text = text.substr(at + 1);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos &&
             text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port_text = text.substr(colon + 1);
  }
  const auto address = Address::parse(host);
  if (!address) { return std::nullopt; }
  if (!port_text) { return Endpoint{*address, default_port}; }
  const auto port = parse_number(*port_text, 65535);
  if (!port) { return std::nullopt; }
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::to_string() const {
  const std::string port_text = std::to_string(port);
  return address.is_v6() ? '[' + address.to_string() + "]:" + port_text
                         : address.to_string() + ':' + port_text;
}

}  // namespace gslb
