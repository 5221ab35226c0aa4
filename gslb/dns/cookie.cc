#include "gslb/dns/cookie.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace gslb::dns {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::int32_t kMaxAgeS = 3600;  // RFC 9018 4.3
constexpr std::int32_t kMaxAheadS = 300;
constexpr std::int32_t kRenewAgeS = 1800;

constexpr std::size_t kHashOctets = 8;
// Client cookie, version, reserved and timestamp: what of the cookie goes into its hash.
constexpr std::size_t kHashedOctets = kCookieOctets - kHashOctets;

std::uint64_t load_le64(const std::uint8_t* at) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i > 0; --i) { value = (value << 8) | at[i - 1]; }
  return value;
}

struct SipState {
  std::uint64_t a, b, c, d;

  void round() noexcept {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void absorb(std::uint64_t word) noexcept {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

// REQUIRES: front.size() == kHashedOctets
std::array<std::uint8_t, kHashOctets> cookie_hash(const CookieSecret& secret, Octets front,
                                                  const Address& client) noexcept {
  std::array<std::uint8_t, kHashedOctets + 16> message;
  std::copy(front.begin(), front.end(), message.begin());
  const Octets address = client.octets();
  std::copy(address.begin(), address.end(), message.begin() + kHashedOctets);
  std::uint64_t hash = siphash_2_4(secret, {message.data(), kHashedOctets + address.size()});
  std::array<std::uint8_t, kHashOctets> octets;
  for (std::uint8_t& octet : octets) {
    octet = static_cast<std::uint8_t>(hash);
    hash >>= 8;
  }
  return octets;
}

// Takes the same time wherever they differ, so that a hash can't be guessed octet by octet.
bool are_equal(Octets a, Octets b) noexcept {
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace

std::optional<CookieSecret> parse_cookie_secret(std::string_view text) {
  CookieSecret secret{};
  if (text.size() != 2 * secret.size()) { return std::nullopt; }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    int digit = -1;
    if (c >= '0' && c <= '9') { digit = c - '0'; }
    if (c >= 'a' && c <= 'f') { digit = c - 'a' + 10; }
    if (c >= 'A' && c <= 'F') { digit = c - 'A' + 10; }
    if (digit < 0) { return std::nullopt; }
    secret[i / 2] = static_cast<std::uint8_t>((secret[i / 2] << 4) | digit);
  }
  return secret;
}

std::uint64_t siphash_2_4(const CookieSecret& key, Octets message) noexcept {
  const std::uint64_t low = load_le64(key.data());
  const std::uint64_t high = load_le64(key.data() + 8);
  SipState state{low ^ 0x736f6d6570736575ULL, high ^ 0x646f72616e646f6dULL,
                 low ^ 0x6c7967656e657261ULL, high ^ 0x7465646279746573ULL};
  std::size_t at = 0;
  for (; message.size() - at >= 8; at += 8) { state.absorb(load_le64(message.data() + at)); }
  std::uint64_t last = static_cast<std::uint64_t>(message.size()) << 56;
  for (std::size_t i = 0; at + i < message.size(); ++i) {
    last |= static_cast<std::uint64_t>(message[at + i]) << (8 * i);
  }
  state.absorb(last);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) { state.round(); }
  return state.a ^ state.b ^ state.c ^ state.d;
}

Cookie make_cookie(const CookieSecret& secret, Octets client_cookie, std::uint32_t now_s,
                   const Address& client) noexcept {
  Cookie cookie{};
  std::copy(client_cookie.begin(), client_cookie.end(), cookie.begin());
  cookie[kClientCookieOctets] = kVersion;
  store_u32(cookie.data() + kClientCookieOctets + 4, now_s);
  const auto hash = cookie_hash(secret, Octets(cookie).first(kHashedOctets), client);
  std::copy(hash.begin(), hash.end(), cookie.begin() + kHashedOctets);
  return cookie;
}

CookieState judge_cookie(std::span<const CookieSecret> secrets, Octets cookie, std::uint32_t now_s,
                         const Address& client) noexcept {
  if (cookie.empty()) { return CookieState::kNone; }
  if (cookie.size() == kClientCookieOctets) { return CookieState::kClientOnly; }
  if (cookie.size() != kCookieOctets || cookie[kClientCookieOctets] != kVersion) {
    return CookieState::kBad;
  }
  // Serial number arithmetic: right beyond 2106 as well (RFC 9018 4.3).
  const auto age =
      static_cast<std::int32_t>(now_s - load_u32(cookie.data() + kClientCookieOctets + 4));
  if (age > kMaxAgeS || age < -kMaxAheadS) { return CookieState::kBad; }
  for (const CookieSecret& secret : secrets) {
    const auto hash = cookie_hash(secret, cookie.first(kHashedOctets), client);
    if (!are_equal(hash, cookie.subspan(kHashedOctets))) { continue; }
    const bool is_newest = &secret == &secrets.front();
    return is_newest && age <= kRenewAgeS ? CookieState::kGood : CookieState::kAged;
  }
  return CookieState::kBad;
}

}  // namespace gslb::dns
