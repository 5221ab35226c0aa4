// What a host of a Swift site stands for, and who may read it: the pure part.
//
// Source: OpenStack Swift's API (containers, ACLs) and its middleware domain_remap, tempauth and
// staticweb, whose answers an edge in front must not change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/config/config.h"
#include "edge/http/message.h"

namespace edge::origin {

struct SwiftPlace {
  std::string account;  // "AUTH_test"
  std::string container;

  // "/v1/AUTH_test/site", as it stands in a request's target.
  std::string path() const;
  friend auto operator<=>(const SwiftPlace&, const SwiftPlace&) = default;
};
// "<container>.<account>.<domain>", as domain_remap reads it: of the account's label a '-' behind
// the reseller prefix means '_', and a prefix that isn't there is put before it.  nullopt: no such
// host.  `host`: lower case, maybe with a port.
std::optional<SwiftPlace> swift_place(const config::Swift& swift, std::string_view host);

// What a container says of itself.
struct SwiftContainer {
  int status = 0;  // of the HEAD: 204 or 200: it is there
  std::string read_acl;
  // X-Container-Meta-Web-*
  std::string index;
  std::string error;
  bool has_listings = false;  // the field is there
  bool listings = false;      // and says yes
  std::string listings_label;
  std::string listings_css;
  std::string directory_type = "application/directory";
  std::optional<std::int64_t> ttl_s;  // of its objects, where they say nothing
  bool exists() const noexcept { return status >= 200 && status < 300; }
  bool is_site() const noexcept { return has_listings || !index.empty(); }
};
SwiftContainer swift_container(const http::ResponseHead& head, std::string_view ttl_field);

// Whether `acl` (X-Container-Read) lets anybody who comes from `referer` read objects, and, with
// ".rlistings", the list of them.
struct SwiftAccess {
  bool objects = false;
  bool listing = false;
};
SwiftAccess swift_access(std::string_view acl, std::string_view referer);

}  // namespace edge::origin
