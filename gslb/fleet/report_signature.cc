#include <array>
#include <charconv>
#include <optional>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gslb/base/bytes.h"
#include "gslb/base/check.h"
#include "gslb/fleet/report.h"

namespace gslb::fleet {
namespace {

constexpr std::size_t kDigestOctets = 32;
constexpr std::size_t kSignatureDigits = 2 * kDigestOctets;
constexpr std::size_t kMaxTimeDigits = 15;  // until the year 33658

// Since 1970.  Not a WallTime: that counts nanoseconds, which a stranger could make overflow.
std::optional<milliseconds> parse_time(std::string_view text) {
  if (text.empty() || text.size() > kMaxTimeDigits) { return std::nullopt; }
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
  return milliseconds(value);
}

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

static_assert(kReportVersion == 1, "the signed prefixes name the version");

// Of `kind`, LF, the time, LF, the body.
std::string sign(std::string_view kind, std::string_view key, std::string_view time_ms,
                 std::string_view body) {
  std::string message;
  message.reserve(kind.size() + 2 + time_ms.size() + body.size());
  message.append(kind).append("\n").append(time_ms).append("\n").append(body);

  std::array<std::uint8_t, kDigestOctets> digest{};
  unsigned length = 0;
  // HMAC() takes a null key for "the key of last time": never pass one.
  const char* key_octets = key.empty() ? "" : key.data();
  const Octets input = as_octets(message);
  CHECK(HMAC(EVP_sha256(), key_octets, static_cast<int>(key.size()), input.data(), input.size(),
             digest.data(), &length) != nullptr &&
        length == kDigestOctets);

  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(kSignatureDigits);
  for (const std::uint8_t octet : digest) {
    text.push_back(kHex[octet >> 4]);
    text.push_back(kHex[octet & 15]);
  }
  return text;
}

bool is_signature(std::string_view text) {
  return text.size() == kSignatureDigits && is_lower_hex(text);
}

bool same(std::string_view expected, std::string_view signature) {
  return CRYPTO_memcmp(expected.data(), signature.data(), kSignatureDigits) == 0;
}

}  // namespace

std::string sign_report(std::string_view key, std::string_view time_ms, std::string_view body) {
  return sign("v1", key, time_ms, body);
}

std::string sign_orders(std::string_view key, std::string_view time_ms, std::string_view body) {
  return sign("v1-orders", key, time_ms, body);
}

bool verify_orders(std::string_view key, std::string_view time_ms, std::string_view body,
                   std::string_view signature) {
  return !key.empty() && is_signature(signature) &&
         same(sign_orders(key, time_ms, body), signature);
}

std::string_view describe(SignatureError error) noexcept {
  switch (error) {
    case SignatureError::kMalformed:
      return "malformed time or signature";
    case SignatureError::kSkew:
      return "time too far from ours";
    case SignatureError::kMismatch:
      return "wrong signature";
  }
  return "unknown error";
}

Result<void, SignatureError> verify_report(std::string_view key, const SignedReport& report,
                                           WallTime now, milliseconds max_skew) {
  const std::optional<milliseconds> time = parse_time(report.time_ms);
  if (!time || !is_signature(report.signature)) {
    return Unexpected(SignatureError::kMalformed);
  }
  // A cluster without a key takes no heartbeats: anyone can sign with an empty key.
  if (key.empty()) { return Unexpected(SignatureError::kMismatch); }
  if (!same(sign_report(key, report.time_ms, report.body), report.signature)) {
    return Unexpected(SignatureError::kMismatch);
  }
  // Only now: "skew" then always means a true sender with a wrong clock (or a late replay).
  const auto ours = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
  if (*time < ours - max_skew || *time > ours + max_skew) {
    return Unexpected(SignatureError::kSkew);
  }
  return {};
}

}  // namespace gslb::fleet
