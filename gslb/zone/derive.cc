#include "gslb/zone/derive.h"

#include "gslb/base/check.h"

namespace gslb::zone {
namespace {

dns::Name name_of(const Zone& zone, NodeIndex node) {
  auto name = dns::Name::from_wire(zone.owner(node));
  CHECK(name.has_value());
  return *std::move(name);
}

void add_set(ZoneBuilder& builder, const dns::Name& owner, const dns::RrsetView& set) {
  for (dns::RdataCursor record(set); !record.done(); record.next()) {
    builder.add(owner, set.type, set.ttl_s, record.rdata());
  }
}

void add_soa(ZoneBuilder& builder, const dns::Name& apex, const dns::RrsetView& soa,
             std::uint32_t serial) {
  const Octets rdata = dns::RdataCursor(soa).rdata();
  std::vector<std::uint8_t> changed(rdata.begin(), rdata.end());
  store_u32(changed.data() + changed.size() - 20, serial);
  builder.add(apex, soa.type, soa.ttl_s, changed);
}

}  // namespace

std::shared_ptr<const Zone> derive(const Zone& from, const Derivation& changes) {
  CHECK(from.state() == ZoneState::kServed);
  ZoneBuilder builder(from.apex());
  for (NodeIndex node = 0; node < from.node_count(); ++node) {
    const std::size_t count = from.rrset_count(node);
    if (count == 0) { continue; }  // an empty non-terminal comes with what is below it
    const dns::Name owner = node == Zone::kApexNode ? from.apex() : name_of(from, node);
    for (std::size_t i = 0; i < count; ++i) {
      const dns::RrsetView set = from.rrset_at(node, i);
      if (changes.serial && set.type == dns::RrType::kSoa && node == Zone::kApexNode) {
        add_soa(builder, owner, set, *changes.serial);
      } else {
        add_set(builder, owner, set);
      }
    }
  }
  for (const AddedRecord& record : changes.added) {
    builder.add(record.owner, record.type, record.ttl_s, record.rdata);
  }
  for (const RouteBinding& binding : changes.routes) {
    if (binding.owner.is_at_or_below(from.apex())) {
      builder.bind_route(binding.owner, binding.route);
    }
  }
  return builder.build();
}

std::shared_ptr<const Zone> rebind_routes(const Zone& from, const std::vector<RouteBinding>& routes,
                                          Problems& problems) {
  Derivation changes;
  changes.routes = routes;
  auto zone = derive(from, changes);
  Problems found;
  check_routes(*zone, routes, found);
  problems.append(found);
  return found.has_errors() ? nullptr : zone;
}

}  // namespace gslb::zone
