// The world most tests ask: five clusters on four continents, one zone with every kind of name.
#include <sstream>

#include "tests/support/world.h"

namespace tests {

std::string text_of(const ClusterText& cluster) {
  const std::string section = "cluster." + cluster.id;
  std::string text =
      '[' + section + "]\n" + cluster.place + "\nhealth = \"none\"\n" + cluster.more + '\n';
  int number = 0;
  for (const std::string& node : cluster.nodes) {
    text += "[[" + section + ".node]]\nid = \"node-" + std::to_string(++number) + "\"\n";
    std::istringstream words(node);
    std::string address;
    for (const char* family = "ipv4"; words >> address; family = "ipv6") {
      text += std::string(family) + " = \"" + address + "\"\n";
    }
  }
  return text;
}

std::string text_of_zone(const std::string& name, const std::string& file) {
  return "[[zone]]\nname = \"" + name + "\"\nfile = \"" + file + "\"\n";
}

std::string text_of_routes(const std::vector<RouteText>& routes) {
  std::string text;
  for (const auto& [owner, service] : routes) {
    text += "[[route]]\nname = \"" + owner + "\"\nservice = \"" + service + "\"\n";
  }
  return text;
}

const char* const kWorldConfig = R"(
[server]
listen = ["127.0.0.1:5300"]
nsid = "gslb-1"
version = "Proxima"
identity = "gslb-1"

[[zone]]
name = "example."
file = "example.zone"
[[zone]]
name = "other.test."
file = "other.zone"

[cluster.fra]
latitude = 50.11
longitude = 8.68
tiers = ["default", "premium"]
operators = [64500]
health = "none"
[[cluster.fra.node]]
id = "node-1"
ipv4 = "203.0.113.11"
ipv6 = "2001:db8:f0a::11"
[[cluster.fra.node]]
id = "node-2"
ipv4 = "203.0.113.12"
ipv6 = "2001:db8:f0a::12"
[[cluster.fra.node]]
id = "node-3"
ipv4 = "203.0.113.13"
ipv6 = "2001:db8:f0a::13"
[[cluster.fra.node]]
id = "node-4"
ipv4 = "203.0.113.14"
ipv6 = "2001:db8:f0a::14"

[cluster.lon]
latitude = 51.51
longitude = -0.13
health = "none"
[[cluster.lon.node]]
id = "node-1"
ipv4 = "203.0.113.21"

[cluster.nyc]
latitude = 40.71
longitude = -74.01
health = "none"
[[cluster.nyc.node]]
id = "node-1"
ipv4 = "203.0.113.31"
ipv6 = "2001:db8:aec::31"

[cluster.syd]
latitude = -33.87
longitude = 151.21
tiers = ["default", "premium"]
health = "none"
[[cluster.syd.node]]
id = "node-1"
ipv4 = "203.0.113.41"
ipv6 = "2001:db8:5d::41"

[cluster.isp]
latitude = 52.52
longitude = 13.4
tiers = ["default"]
operators = [64510]
on_net_only = true
health = "none"
[[cluster.isp.node]]
id = "node-1"
ipv4 = "203.0.113.51"

[service.web]
ttl = 30
answers = 2
[service.premium]
tiers = ["premium"]
ttl = 20
[service.last]
fallback = "last_good"
[service.pool]
fallback = "pool"
fallback_pool = ["203.0.113.250", "2001:db8::250", "203.0.113.251"]
[service.alias]
fallback = "cname"
fallback_cname = "Sorry.Elsewhere.test."
[service.none]
fallback = "servfail"

[[route]]
name = "www.example."
service = "web"
[[route]]
name = "*.cdn.example."
service = "web"
[[route]]
name = "example."
service = "web"
[[route]]
name = "premium.example."
service = "premium"
[[route]]
name = "last.example."
service = "last"
[[route]]
name = "pool.example."
service = "pool"
[[route]]
name = "alias.example."
service = "alias"
[[route]]
name = "none.example."
service = "none"

[[override]]  # Europe
prefix = "198.51.100.0/24"
latitude = 50
longitude = 8
set_asn = 64999
set_country = "DE"
[[override]]  # Australia
prefix = "198.51.96.0/22"
latitude = -33
longitude = 151
set_asn = 64998
set_country = "AU"
[[override]]  # America
prefix = "192.0.2.0/24"
latitude = 40
longitude = -74
set_asn = 64997
set_country = "US"
[[override]]  # Europe
prefix = "2001:db8:e000::/36"
latitude = 50
longitude = 8
set_asn = 64996
set_country = "DE"
[[override]]  # on-net in Berlin
prefix = "198.51.104.0/24"
latitude = 52.5
longitude = 13.4
set_asn = 64510
set_country = "DE"
)";

const char* const kWorldZone = R"($TTL 300
@        IN SOA ns1 host 7 3600 900 604800 60
@        NS  ns1
@        NS  ns2.other.test.
@        TXT "apex"
ns1      A   203.0.113.1
ns1      AAAA 2001:db8::1
static   A   203.0.113.2
static   A   203.0.113.3
static   TXT "static"
mail     MX  10 ns1
mail     MX  20 elsewhere.test.
a.ent    A   203.0.113.4
*.wild   TXT "wild"
*.wild   A   203.0.113.5
exist.wild TXT "exist"
*.aliases CNAME static
alias1   CNAME alias2
alias2   CNAME static
tonx     CNAME nothing
torouted CNAME www
toother  CNAME www.other.test.
outside  CNAME www.elsewhere.test.
loop1    CNAME loop2
loop2    CNAME loop1
self     CNAME self
tosub    CNAME host.sub
sub      NS  ns.sub
sub      NS  ns1
sub      NS  ns.elsewhere.test.
ns.sub   A   203.0.113.6
sub      DS  1 8 2 0000000000000000000000000000000000000000000000000000000000000000
dname    DNAME target
x.target A   203.0.113.7
deep     DNAME )"
                               R"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.)"
                               R"(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.)"
                               R"(ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
$GENERATE 1-6 big TXT "$-3456789012345678901234567890123456789012345678901234567890123456789012"
www      TXT "beside the route"
$GENERATE 1-100 many A 203.0.113.$
)";

const char* const kOtherZone = R"($TTL 300
@    IN SOA ns2 host 1 3600 900 604800 60
@    NS  ns2
ns2  A   203.0.113.9
www  CNAME torouted.example.
back CNAME www
)";

World make_world() {
  return {kWorldConfig, {{"example.zone", kWorldZone}, {"other.zone", kOtherZone}}};
}

}  // namespace tests
