// The pages that Swift's static web shows, octet for octet.  Pure.
//
// Source: swift/common/middleware/staticweb.py (2.30).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/origin/swift_site.h"

namespace edge::origin {

// One entry of a container's listing.
struct SwiftEntry {
  bool is_directory = false;
  std::string name;  // whole, with the prefix
  std::uint64_t octets = 0;
  std::string content_type;
  std::string last_modified;  // "2026-11-22T14:37:07.123456"
};
// Of the JSON that Swift gives for a container; nullopt when it is none.
std::optional<std::vector<SwiftEntry>> parse_listing(std::string_view json);

// `path`: of the request, decoded, "/v1/AUTH_test/site/a/".  `prefix`: "a/", or "".
std::string listing_page(const SwiftContainer& container, std::string_view path,
                         std::string_view prefix, const std::vector<SwiftEntry>& entries);
std::string no_listing_page(const SwiftContainer& container, std::string_view path,
                            std::string_view prefix);
// The short page of a status: 301, 401, 404.
std::string swift_page(int status);

// "a b" → "a%20b"; '/' stays.
std::string percent_encode(std::string_view text, std::string_view also = "/");
// A '%' without two digits behind it stays, as Swift has it.
std::string percent_decode(std::string_view text);

}  // namespace edge::origin
