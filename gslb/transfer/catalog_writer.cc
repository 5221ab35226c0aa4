#include "gslb/transfer/catalog_writer.h"

#include <array>

#include "gslb/base/hash.h"
#include "gslb/base/units.h"

namespace gslb::transfer {
namespace {

constexpr std::uint32_t kRefreshS = 3600;
constexpr std::uint32_t kRetryS = 600;
constexpr std::uint32_t kExpireS = 2'147'483'646;  // a list without its maker is still right
constexpr std::uint32_t kTtlS = 0;                 // nobody caches it

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

std::vector<std::uint8_t> octets(Octets from) { return {from.begin(), from.end()}; }

std::string label_of(const dns::Name& member) {
  return format_hex(hash_octets(member.lower().wire()));
}

}  // namespace

std::shared_ptr<const zone::Zone> make_catalog(const dns::Name& apex,
                                               const std::vector<dns::Name>& members,
                                               std::uint32_t serial) {
  zone::ZoneBuilder builder(apex);
  const dns::Name invalid = name("invalid.");  // 4.1: there are no nameservers to speak of
  std::vector<std::uint8_t> soa = octets(invalid.wire());
  soa.insert(soa.end(), invalid.wire().begin(), invalid.wire().end());
  for (const std::uint32_t number : {serial, kRefreshS, kRetryS, kExpireS, kTtlS}) {
    soa.resize(soa.size() + 4);
    store_u32(soa.data() + soa.size() - 4, number);
  }
  builder.add(apex, dns::RrType::kSoa, kTtlS, soa);
  builder.add(apex, dns::RrType::kNs, kTtlS, invalid.wire());
  const std::array<std::uint8_t, 2> version = {1, '2'};
  // An apex too long for these labels was refused with the configuration.
  builder.add(apex.prepend("version").value(), dns::RrType::kTxt, kTtlS, version);
  const dns::Name zones = apex.prepend("zones").value();
  for (const dns::Name& member : members) {
    builder.add(zones.prepend(label_of(member)).value(), dns::RrType::kPtr, kTtlS,
                member.lower().wire());
  }
  return builder.build();
}

}  // namespace gslb::transfer
