// IP addresses and prefixes as values.
//
// Source: RFC 4291 (text form of IPv6), RFC 5952 (its canonical form), RFC 6890 (special-purpose
// registries).  An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is turned into IPv4 when parsed or
// built from octets, so that one client has one form.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gslb/base/bytes.h"

namespace gslb {

// Immutable value, 17 octets.  Ordered: every IPv4 address before every IPv6 one.
class Address {
 public:
  constexpr Address() = default;  // 0.0.0.0

  // `host_order`: 0xC0000201 is 192.0.2.1.
  static Address v4(std::uint32_t host_order) noexcept;
  // REQUIRES: octets.size() == 4 or 16, network byte order.
  static Address from_octets(Octets octets) noexcept;
  // "192.0.2.1" or "2001:db8::1"; no brackets, no zone id.  nullopt for anything else.
  static std::optional<Address> parse(std::string_view text);

  bool is_v6() const noexcept { return is_v6_; }
  // 32 or 128.
  int bit_length() const noexcept { return is_v6_ ? 128 : 32; }
  // 4 or 16 octets, network byte order; valid as long as this object.
  Octets octets() const noexcept { return {octets_.data(), is_v6_ ? 16U : 4U}; }
  // REQUIRES: !is_v6()
  std::uint32_t v4_host_order() const noexcept { return load_u32(octets_.data()); }
  // The first 64 bits, host order; IPv4 in the upper 32.
  std::uint64_t high64() const noexcept { return load_u64(octets_.data()); }

  // With every bit beyond `bits` cleared.  REQUIRES: 0 <= bits <= bit_length()
  Address masked(int bits) const noexcept;
  // With every bit beyond `bits` set.  REQUIRES: 0 <= bits <= bit_length()
  Address filled(int bits) const noexcept;

  // False for addresses no client on the public Internet has: private, shared (100.64/10),
  // loopback, link-local, unique local, documentation, multicast, reserved, unspecified (RFC 6890).
  bool is_global() const noexcept;
  // 127.0.0.0/8 or ::1.
  bool is_loopback() const noexcept;
  // 0.0.0.0 or ::
  bool is_unspecified() const noexcept;

  std::string to_string() const;

  friend auto operator<=>(const Address& a, const Address& b) noexcept {
    if (const auto order = a.is_v6_ <=> b.is_v6_; order != 0) { return order; }
    return a.octets_ <=> b.octets_;
  }
  friend bool operator==(const Address&, const Address&) noexcept = default;

 private:
  std::array<std::uint8_t, 16> octets_{};  // unused octets are 0
  bool is_v6_ = false;
};

// An address and a length, host bits clear.  Immutable value.
class Prefix {
 public:
  constexpr Prefix() = default;  // 0.0.0.0/0
  // Clears host bits.  REQUIRES: 0 <= bits <= address.bit_length()
  Prefix(const Address& address, int bits) noexcept
      : address_(address.masked(bits)), bits_(static_cast<std::uint8_t>(bits)) {}

  enum class ParseError : std::uint8_t { kAddress, kLength, kHostBits };
  // "192.0.2.0/24", "2001:db8::/32", or a bare address (its full length).  An IPv4-mapped prefix
  // of 96 bits or more is the IPv4 prefix: "::ffff:192.0.2.0/120" is 192.0.2.0/24.
  static std::optional<Prefix> parse(std::string_view text, ParseError* error = nullptr);

  const Address& address() const noexcept { return address_; }
  int bits() const noexcept { return bits_; }
  bool is_v6() const noexcept { return address_.is_v6(); }
  // False across families.
  bool contains(const Address& address) const noexcept;
  bool contains(const Prefix& other) const noexcept;
  // The last address of the prefix.
  Address last() const noexcept { return address_.filled(bits_); }

  std::string to_string() const;

  friend auto operator<=>(const Prefix&, const Prefix&) noexcept = default;
  friend bool operator==(const Prefix&, const Prefix&) noexcept = default;

 private:
  Address address_;
  std::uint8_t bits_ = 0;
};

// An address and a port: "192.0.2.1:53", "[2001:db8::1]:53".  Immutable value.
struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  // Without a port in the text, `default_port`; "192.0.2.1@53" (as in Knot) is accepted too.
  static std::optional<Endpoint> parse(std::string_view text, std::uint16_t default_port);
  std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) noexcept = default;
  friend bool operator==(const Endpoint&, const Endpoint&) noexcept = default;
};

}  // namespace gslb
