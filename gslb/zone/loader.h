// Standard zone files through ldns, with every problem at its line.
//
// Source: RFC 1035 5, RFC 2308 4 ($TTL), RFC 3597 (generic RDATA); checks as named-checkzone and
// kzonecheck make them (RFC 1034 3.6.2, RFC 2181 5 and 10.1, RFC 6672 2.4, RFC 1912).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/dns/name.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

// An owner to be steered, with the place in the configuration that asked for it.
struct RouteBinding {
  dns::Name owner;
  RouteIndex route = kNoRoute;
  Location at;
  std::string alone_for{};  // a service that may answer with a CNAME: no records beside it
};
// `at` aside.
bool same_routes(const std::vector<RouteBinding>& a, const std::vector<RouteBinding>& b);

// Reads `file`, checks it, binds the routes that lie in the zone (others are ignored), builds.
// Null when `problems` got an error; warnings alone let it load.  A route on an owner that has a
// CNAME or DNAME, lies below a zone cut or DNAME, or already has A/AAAA records is an error.
// Reads the file system; control path only; O(records).  `files`, when given, gets `file` and all
// it includes.
std::shared_ptr<const Zone> load_zone(const dns::Name& apex, const std::string& file,
                                      const std::vector<RouteBinding>& routes, Problems& problems,
                                      std::vector<std::string>* files = nullptr);

// The same from text, without $INCLUDE and with at most 65,536 records from $GENERATE; `file` is
// the name shown in problems.  No I/O.
std::shared_ptr<const Zone> load_zone_text(const dns::Name& apex, std::string_view text,
                                           const std::string& file,
                                           const std::vector<RouteBinding>& routes,
                                           Problems& problems);

// The errors of load_zone() about routes, for a zone they are already bound in.
void check_routes(const Zone& zone, const std::vector<RouteBinding>& routes, Problems& problems);

}  // namespace gslb::zone
