#include "gslb/answer/locate.h"

#include "gslb/base/hash.h"

namespace gslb::answer {
namespace {

std::uint64_t leaf_hash(const Address& address, std::uint8_t bits) noexcept {
  if (address.is_v6()) { return hash_octets(address.masked(bits).octets(), bits); }
  // The same without an Address in between.
  std::array<std::uint8_t, 4> octets;
  const std::uint32_t kept = bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
  store_u32(octets.data(), address.v4_host_order() & kept);
  return hash_octets(octets, bits);
}

}  // namespace

Address subnet_address(const dns::ClientSubnet& subnet) noexcept {
  const auto& octets = subnet.address();
  return Address::from_octets(
      Octets(octets).first(subnet.family() == dns::EcsFamily::kIpv6 ? 16 : 4));
}

Location locate(const geo::GeoMap& map, const dns::Edns& edns, const Address& resolver) noexcept {
  Location found;
  if (edns.ecs) {
    found.ecs = EcsUse::kOptOut;
    if (edns.ecs->source_bits() > 0) {
      const Address client = subnet_address(*edns.ecs);
      const bool same_family = client.is_v6() == (edns.ecs->family() == dns::EcsFamily::kIpv6);
      const geo::Leaf leaf = map.find(client);
      // An IPv4-mapped subnet sent as IPv6 is found as IPv4; its scope counts from bit 96.
      found.scope_bits = static_cast<std::uint8_t>(leaf.bits + (same_family ? 0 : 96));
      if (leaf.unit != 0) {
        found.ecs = EcsUse::kUsed;
        found.unit = leaf.unit;
        found.leaf_hash = leaf_hash(client, leaf.bits);
        return found;
      }
      found.ecs = EcsUse::kResolver;
    }
  }
  const geo::Leaf leaf = map.find(resolver);
  found.unit = leaf.unit;
  found.leaf_hash = leaf_hash(resolver, leaf.bits);
  return found;
}

}  // namespace gslb::answer
