// Any text as a zone file: the loader reports problems, and what loads can be looked up.
#include <cstdint>
#include <string_view>

#include "gslb/base/check.h"
#include "gslb/zone/loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  gslb::Problems problems;
  const auto apex = gslb::dns::Name::parse("example").value();
  const auto zone = gslb::zone::load_zone_text(apex, text, "fuzz.zone", {}, problems);
  CHECK((zone == nullptr) == problems.has_errors());
  if (zone == nullptr) { return 0; }
  for (gslb::zone::NodeIndex node = 0; node < zone->node_count(); ++node) {
    CHECK(zone->find_node(zone->owner(node)) == node);
    for (std::size_t i = 0; i < zone->rrset_count(node); ++i) {
      const gslb::dns::RrsetView set = zone->rrset_at(node, i);
      std::size_t count = 0;
      for (gslb::dns::RdataCursor r(set); !r.done(); r.next()) {
        count += r.rdata().size() < 65536;
      }
      CHECK(count == set.count && zone->rrset(node, set.type).has_value());
    }
  }
  return 0;
}
