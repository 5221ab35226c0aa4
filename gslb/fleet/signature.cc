#include "gslb/fleet/signature.h"

#include <array>
#include <cstdint>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gslb/base/bytes.h"
#include "gslb/base/check.h"
#include "gslb/base/hex.h"

namespace gslb::fleet {

std::string sign(std::string_view kind, std::string_view key, std::string_view head,
                 std::string_view body) {
  std::string message;
  message.reserve(kind.size() + 2 + head.size() + body.size());
  message.append(kind).append("\n").append(head).append("\n").append(body);

  std::array<std::uint8_t, kSignatureDigits / 2> digest{};
  unsigned length = 0;
  // HMAC() takes a null key for "the key of last time": never pass one.
  const char* key_octets = key.empty() ? "" : key.data();
  const Octets input = as_octets(message);
  CHECK(HMAC(EVP_sha256(), key_octets, static_cast<int>(key.size()), input.data(), input.size(),
             digest.data(), &length) != nullptr &&
        length == digest.size());
  return to_hex(digest);
}

bool is_signature(std::string_view text) noexcept {
  return text.size() == kSignatureDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_signed(std::string_view kind, std::string_view key, std::string_view head,
               std::string_view body, std::string_view signature) {
  if (key.empty() || !is_signature(signature)) { return false; }
  const std::string expected = sign(kind, key, head, body);
  return CRYPTO_memcmp(expected.data(), signature.data(), kSignatureDigits) == 0;
}

}  // namespace gslb::fleet
