#include "edge/origin/sigv4.h"

#include <array>
#include <chrono>
#include <ctime>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "edge/http/fields.h"
#include "gslb/base/hex.h"

namespace edge::origin {
namespace {

std::string octets_of(const unsigned char* octets, std::size_t size) {
  return std::string(reinterpret_cast<const char*>(octets), size);
}

std::string hmac(const std::string& key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return octets_of(digest.data(), digest.size());
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return octets_of(digest.data(), digest.size());
}

}  // namespace

std::string amz_date(gslb::WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return std::string(text.data(), size);
}

std::string authorization(const SigningKey& key, const SigningInput& input, std::string_view date) {
  std::string canonical = input.method + '\n' + input.path + '\n' + input.query + '\n';
  std::string names;
  std::string_view payload;
  for (const auto& [name, value] : input.fields) {
    canonical.append(name).append(":").append(http::trim(value)).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
    if (name == "x-amz-content-sha256") { payload = value; }
  }
  canonical.append("\n").append(names).append("\n").append(payload);
  const std::string day(date.substr(0, 8));
  const std::string scope = day + '/' + key.region + "/s3/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + std::string(date) + '\n' + scope + '\n' +
                              gslb::to_hex(gslb::as_octets(sha256(canonical)));
  const std::string of_region = hmac(hmac("AWS4" + key.secret, day), key.region);
  const std::string signing = hmac(hmac(of_region, "s3"), "aws4_request");
  return "AWS4-HMAC-SHA256 Credential=" + key.id + '/' + scope + ",SignedHeaders=" + names +
         ",Signature=" + gslb::to_hex(gslb::as_octets(hmac(signing, to_sign)));
}

}  // namespace edge::origin
