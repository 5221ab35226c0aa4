// The one-shot and EVP interfaces of OpenSSL 3 allocate a context; these do not.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "gslb/zone/nsec3_hash.h"

#include <openssl/sha.h>

namespace gslb::zone {
namespace {

static_assert(std::tuple_size_v<Nsec3Hash> == SHA_DIGEST_LENGTH);
constexpr std::size_t kLabelOctets = 32;  // of 20 octets, five bits each

int value_of(std::uint8_t digit) noexcept {
  if (digit >= '0' && digit <= '9') { return digit - '0'; }
  const int letter = digit | 0x20;
  return letter >= 'a' && letter <= 'v' ? letter - 'a' + 10 : -1;
}

}  // namespace

Nsec3Hash nsec3_hash(Octets lower_wire, Octets salt, std::uint16_t iterations) noexcept {
  Nsec3Hash hash;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, lower_wire.data(), lower_wire.size());
  SHA1_Update(&context, salt.data(), salt.size());
  SHA1_Final(hash.data(), &context);
  for (unsigned i = 0; i < iterations; ++i) {
    SHA1_Init(&context);
    SHA1_Update(&context, hash.data(), hash.size());
    SHA1_Update(&context, salt.data(), salt.size());
    SHA1_Final(hash.data(), &context);
  }
  return hash;
}

std::string to_base32hex(const Nsec3Hash& hash) {
  std::string text;
  unsigned bits = 0;
  unsigned kept = 0;
  for (const std::uint8_t octet : hash) {
    bits = (bits << 8) | octet;
    for (kept += 8; kept >= 5; kept -= 5) {
      text += "0123456789abcdefghijklmnopqrstuv"[bits >> (kept - 5) & 31U];
    }
  }
  return text;
}

std::optional<Nsec3Hash> parse_base32hex(Octets label) noexcept {
  if (label.size() != kLabelOctets) { return std::nullopt; }
  Nsec3Hash hash{};
  unsigned bits = 0;
  unsigned kept = 0;
  std::size_t at = 0;
  for (const std::uint8_t digit : label) {
    const int value = value_of(digit);
    if (value < 0) { return std::nullopt; }
    bits = (bits << 5) | static_cast<unsigned>(value);
    kept += 5;
    if (kept >= 8) {
      kept -= 8;
      hash[at++] = static_cast<std::uint8_t>(bits >> kept);
    }
  }
  return hash;
}

}  // namespace gslb::zone
