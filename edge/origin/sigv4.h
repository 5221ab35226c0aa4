// Requests signed as S3 wants them.
//
// Source: AWS Signature Version 4 for S3 ("Authenticating Requests: Using the Authorization
// Header"): paths are encoded once, and the payload's hash is a field.  Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gslb/base/clock.h"

namespace edge::origin {

struct SigningKey {
  std::string id;
  std::string secret;
  std::string region;
};
struct SigningInput {
  std::string method;
  std::string path;   // encoded as RFC 3986 has it, '/' left
  std::string query;  // "a=b&c=", sorted, encoded, without "?"
  // Those to be signed: names in lower case, sorted; "host" and all "x-amz-*" have to be there.
  std::vector<std::pair<std::string, std::string>> fields;
};

// SHA-256 of nothing, as in X-Amz-Content-Sha256 of a request without a body.
inline constexpr std::string_view kEmptyHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// "20130524T000000Z"
std::string amz_date(gslb::WallTime time);
// The value of Authorization.  `date`: as amz_date().
std::string authorization(const SigningKey& key, const SigningInput& input, std::string_view date);

}  // namespace edge::origin
