#include "gslb/dns/ecs.h"

#include <algorithm>
#include <cstring>

#include "gslb/base/bytes.h"
#include "gslb/base/check.h"

namespace gslb::dns {
namespace {

constexpr std::uint16_t kEcsOptionCode = 8;
constexpr std::size_t kOptionHeaderOctets = 4;  // OPTION-CODE, OPTION-LENGTH
constexpr std::size_t kFixedOctets = 4;         // FAMILY, SOURCE and SCOPE PREFIX-LENGTH

constexpr std::uint8_t max_bits(EcsFamily family) noexcept {
  switch (family) {
    case EcsFamily::kIpv4:
      return 32;
    case EcsFamily::kIpv6:
      return 128;
    case EcsFamily::kNone:
      return 0;
  }
  return 0;
}

constexpr std::size_t address_octets(std::uint8_t bits) noexcept { return (bits + 7U) / 8U; }

}  // namespace

Result<ClientSubnet, EcsError> ClientSubnet::parse(std::span<const std::uint8_t> data) noexcept {
  if (data.size() < kFixedOctets) { return Unexpected(EcsError::kShort); }
  const std::uint16_t family = load_u16(data.data());
  const std::uint8_t source_bits = data[2];
  const bool is_known = family == 1 || family == 2 || (family == 0 && source_bits == 0);
  if (!is_known) { return Unexpected(EcsError::kFamily); }

  ClientSubnet subnet;
  subnet.family_ = static_cast<EcsFamily>(family);
  subnet.source_bits_ = source_bits;
  if (source_bits > max_bits(subnet.family_)) { return Unexpected(EcsError::kPrefixTooLong); }
  if (data[3] != 0) { return Unexpected(EcsError::kScopeInQuery); }

  const Octets address = data.subspan(kFixedOctets);
  const std::size_t needed = address_octets(source_bits);
  if (address.size() < needed) { return Unexpected(EcsError::kShort); }
  if (address.size() > needed) { return Unexpected(EcsError::kLong); }
  if (source_bits % 8 != 0) {
    const unsigned host_bits = 0xffU >> (source_bits % 8);
    if ((address[needed - 1] & host_bits) != 0) { return Unexpected(EcsError::kHostBitsSet); }
  }
  std::copy(address.begin(), address.end(), subnet.address_.begin());
  return subnet;
}

std::size_t ecs_option_size(const ClientSubnet& subnet) noexcept {
  return kOptionHeaderOctets + kFixedOctets + address_octets(subnet.source_bits());
}

std::size_t write_ecs_option(const ClientSubnet& subnet, std::uint8_t scope_bits,
                             std::span<std::uint8_t> out) noexcept {
  DCHECK(scope_bits <= max_bits(subnet.family()));
  const std::size_t size = ecs_option_size(subnet);
  if (out.size() < size) { return 0; }
  store_u16(out.data(), kEcsOptionCode);
  store_u16(out.data() + 2, static_cast<std::uint16_t>(size - kOptionHeaderOctets));
  store_u16(out.data() + 4, static_cast<std::uint16_t>(subnet.family()));
  out[6] = subnet.source_bits();
  out[7] = scope_bits;
  std::memcpy(out.data() + 8, subnet.address().data(), size - 8);
  return size;
}

}  // namespace gslb::dns
