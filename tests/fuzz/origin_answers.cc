// Any octets as what DNS and Keystone answer, and as what clients ask of S3 buckets.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/origin/keystone.h"
#include "edge/origin/resolver.h"
#include "edge/origin/s3.h"
#include "edge/origin/swift_page.h"
#include "gslb/base/bytes.h"
#include "gslb/base/check.h"

namespace {

using namespace edge::origin;

void as_dns(gslb::Octets message) {
  const Lookup lookup = parse_alias(message, "www.customer.example");
  CHECK((lookup.status == Lookup::Status::kFound) || lookup.alias.empty());
  CHECK(lookup.ttl_s >= 0 && lookup.ttl_s <= 0x7fffffff);
}

void as_token(std::string_view body) {
  const auto life_s = keystone_life_s(body);
  CHECK(!life_s || *life_s > 0);
}

// What goes into a signed request is what was allowed, in a form that is read back as itself.
void as_query(std::string_view text) {
  const std::string query = s3_listing_query(text);
  CHECK(query.empty() || s3_listing_query(query) == query);
  CHECK(std::all_of(query.begin(), query.end(), [](char c) { return c > ' ' && c < 0x7f; }));
}

void as_host(std::string_view text) {
  edge::config::S3 s3;
  s3.domain = "cdn.example";
  const std::string bucket = s3_bucket(s3, std::string(text) + ".cdn.example");
  CHECK(bucket.find("..") == bucket.npos && bucket.size() <= 63);
  CHECK(percent_decode(percent_encode(text)) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) { return 0; }
  const gslb::Octets octets(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      as_dns(octets);
      break;
    case 1:
      as_token(gslb::as_text(octets));
      break;
    case 2:
      as_query(gslb::as_text(octets));
      break;
    default:
      as_host(gslb::as_text(octets));
  }
  return 0;
}
